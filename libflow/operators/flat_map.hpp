#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// Any number of records out for each record in:
/// `void(const In&, collector<Out>&)`.
template <class In, class Out, class Function>
class flat_map_operator final : public pausable_operator<In, Out> {
  using base = pausable_operator<In, Out>;

public:
  flat_map_operator(std::string name, receiver<Out>& out, Function function)
    : base(std::move(name), out), function_(std::move(function)),
      collector_(out) {}

  void open(const operator_context& context) override {
    base::open(context);
    runtime_context runtime{context.place};
    guard_user_code(
      this->name(), [&] { open_function(function_, runtime); },
      [] { return std::string{}; });
  }

  void close() override { close_function(function_); }

private:
  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    guard_user_code(
      this->name(),
      [&] {
        for (; at < last; ++at) {
          collector_.stamp(stamps[at]);
          function_(values[at], collector_);
        }
        end_batch_of(function_, collector_);
        collector_.flush();
      },
      [&] { return at < last ? describe_record(values[at]) : std::string{}; });
    this->counts_.records_out = collector_.emitted();
  }

  Function function_;
  collector<Out> collector_;
};

} // namespace flow
