#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// One record out for each record in. In place when the type stays the same.
template <class In, class Out, class Function>
class map_operator final : public streamlined_operator<In, Out> {
  using base = streamlined_operator<In, Out>;

public:
  map_operator(std::string name, receiver<Out>& out, Function function)
    : base(std::move(name), out), function_(std::move(function)) {}

  void open(const operator_context& context) override {
    runtime_context runtime{context.place, &this->operator_states_};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void receive(record_batch_ptr<In> batch) override {
    this->counts_.records_in += batch->size();
    if constexpr (std::is_same_v<In, Out> && std::is_move_assignable_v<In>) {
      if (!this->leaves_out()) {
        batch = make_exclusive(std::move(batch));
        map_in_place(batch->values());
        hand_on(std::move(batch));
        return;
      }
    }
    auto mapped = record_batch<Out>::make();
    map_into(*batch, *mapped);
    batch = nullptr;
    if (!mapped->empty())
      hand_on(std::move(mapped));
  }

  void close() override { close_function(function_); }

private:
  void after_restore() override {
    guard_user_code(
      this->name(), [&] { tell_restored(function_); },
      [] { return std::string{}; });
  }

  void hand_on(record_batch_ptr<Out> batch) {
    this->counts_.records_out += batch->size();
    this->out_->receive(std::move(batch));
  }

  void map_in_place(std::span<In> values) {
    std::size_t at = 0;
    guard_user_code(
      this->name(),
      [&] {
        for (; at < values.size(); ++at)
          values[at] = function_(std::as_const(values[at]));
      },
      [&] { return describe_record(values[at]); });
  }

  void map_into(const record_batch<In>& in, record_batch<Out>& out) {
    const auto values = in.values();
    const auto stamps = in.timestamps();
    std::size_t at = 0;
    this->guard_records(at, values.size(), values, stamps, [&] {
      for (; at < values.size(); ++at)
        out.append(function_(values[at]), stamps[at]);
    });
    this->sides_.flush();
  }

  Function function_;
};

} // namespace flow
