#pragma once

#include "libflow/functions/function.hpp"
#include "libflow/operators/function_operator.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// Any number of records out for each record in:
/// `void(const In&, collector<Out>&)`.
template <class In, class Out, class Function>
class flat_map_operator final
  : public function_operator<pausable_operator<In, Out>, Out, Function> {
  using base = function_operator<pausable_operator<In, Out>, Out, Function>;

public:
  using base::base;

  void open(const operator_context& context) override {
    base::open(context);
    runtime_context runtime{context.place, &this->operator_states_};
    this->open_with(runtime);
  }

private:
  void process(record_batch<In>& batch, std::size_t first,
               std::size_t last) override {
    const auto values = std::as_const(batch).values();
    const auto stamps = batch.timestamps();
    std::size_t at = first;
    this->guard_records(at, last, values, stamps, [&] {
      for (; at < last; ++at) {
        this->collector_.stamp(stamps[at]);
        this->function_(values[at], this->collector_);
      }
      end_batch_of(this->function_, this->collector_);
      this->hand_on();
    });
  }
};

} // namespace flow
