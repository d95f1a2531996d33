#pragma once

#include "libflow/operators/function_operator.hpp"
#include "libflow/operators/one_input.hpp"

namespace flow {

/// A function that sees timestamps and watermarks and may use side outputs:
/// `void(const In&, process_context&, collector<Out>&)`.
template <class In, class Out, class Function>
class process_operator final
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
    this->each(std::as_const(batch), first, last,
               [&](const In& value, process_context& context) {
                 this->function_(value, context, this->collector_);
               });
  }
};

} // namespace flow
