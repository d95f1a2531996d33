#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// Keeps the records for which the predicate holds, by compaction in place.
template <class T, class Function>
class filter_operator final : public streamlined_operator<T, T> {
  using base = streamlined_operator<T, T>;

public:
  filter_operator(std::string name, receiver<T>& out, Function function)
    : base(std::move(name), out), function_(std::move(function)) {}

  void open(const operator_context& context) override {
    runtime_context runtime{context.place, &this->operator_states_};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void receive(record_batch_ptr<T> batch) override {
    this->counts_.records_in += batch->size();
    if (this->leaves_out()) {
      batch = kept_of(*batch);
    } else {
      batch = make_exclusive(std::move(batch));
      keep_in(*batch);
    }
    this->counts_.records_out += batch->size();
    if (!batch->empty())
      this->out_->receive(std::move(batch));
  }

  void close() override { close_function(function_); }

private:
  void after_restore() override {
    guard_user_code(
      this->name(), [&] { tell_restored(function_); },
      [] { return std::string{}; });
  }

  void keep_in(record_batch<T>& batch) {
    std::size_t at = 0;
    guard_user_code(
      this->name(),
      [&] {
        batch.keep_if([&](const T& value, std::size_t index) {
          at = index;
          return static_cast<bool>(function_(value));
        });
      },
      [&] { return describe_record(std::as_const(batch).values()[at]); });
  }

  record_batch_ptr<T> kept_of(const record_batch<T>& batch) {
    auto kept = record_batch<T>::make();
    const auto values = batch.values();
    const auto stamps = batch.timestamps();
    std::size_t at = 0;
    this->guard_records(at, values.size(), values, stamps, [&] {
      for (; at < values.size(); ++at)
        if (function_(values[at]))
          kept->append(values[at], stamps[at]);
    });
    this->sides_.flush();
    return kept;
  }

  Function function_;
};

} // namespace flow
