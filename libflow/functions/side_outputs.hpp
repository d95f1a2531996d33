#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "libflow/core/output_tag.hpp"
#include "libflow/functions/collector.hpp"

namespace flow {

/// The side outputs of one operator. A record emitted to a tag that nothing
/// consumes is dropped; that is not an error.
/// @owns its collectors; the receivers live as long as the task
class side_outputs {
public:
  /// Connects a tag to its receiver; called while the task is built.
  /// @pre `target` receives records of T
  template <class T>
  void bind(std::string name, receiver<T>& target) {
    slots_.push_back(std::make_unique<typed_slot<T>>(std::move(name), target));
  }

  /// True when somebody consumes the tag, so that making the record pays.
  [[nodiscard]] bool consumed(std::string_view name) const noexcept {
    return find(name) != nullptr;
  }

  template <class T>
  void emit(const output_tag<T>& tag, T value, timestamp stamp) {
    if (slot* found = find(tag.name())) {
      FLOW_ASSERT(found->type == typeid(T),
                  "side output emitted with another type than its tag's");
      static_cast<typed_slot<T>*>(found)->out.emit(std::move(value), stamp);
    }
  }

  /// Hands on what has been emitted. Watermarks go to side outputs as well.
  void flush() {
    for (auto& each : slots_)
      each->flush();
  }
  void receive_watermark(timestamp mark) {
    for (auto& each : slots_) {
      each->flush();
      each->target().receive_watermark(mark);
    }
  }
  void receive_status(stream_status status) {
    for (auto& each : slots_)
      each->target().receive_status(status);
  }
  [[nodiscard]] bool full() const {
    for (const auto& each : slots_)
      if (each->target().full())
        return true;
    return false;
  }

private:
  struct slot {
    slot(std::string tag, const std::type_info& record_type)
      : name(std::move(tag)), type(record_type) {}
    virtual ~slot() = default;
    virtual void flush() = 0;
    [[nodiscard]] virtual receiver_base& target() const = 0;
    std::string name;
    const std::type_info& type;
  };

  template <class T>
  struct typed_slot final : slot {
    typed_slot(std::string tag, receiver<T>& target)
      : slot(std::move(tag), typeid(T)), out(target) {}
    void flush() override { out.flush(); }
    [[nodiscard]] receiver_base& target() const override {
      return out.target();
    }
    collector<T> out;
  };

  [[nodiscard]] slot* find(std::string_view name) const noexcept {
    for (const auto& each : slots_)
      if (each->name == name)
        return each.get();
    return nullptr;
  }

  std::vector<std::unique_ptr<slot>> slots_;
};

} // namespace flow
