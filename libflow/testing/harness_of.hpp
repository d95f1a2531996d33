#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/api/data_stream.hpp"
#include "libflow/api/stream_environment.hpp"
#include "libflow/testing/operator_harness.hpp"

namespace flow::testing {

/// Makes the operator that `compose` adds last to streams of In..., as a job
/// would; an error when the job would be refused. `compose` gets a
/// `data_stream<In>` each and returns the `data_stream<Out>`.
template <class... In, class Compose>
auto operator_of(Compose compose) {
  stream_environment env{job_options{}};
  auto composed = compose(env.from_collection(std::vector<In>{})...);
  using out = typename decltype(composed)::record;
  using maker = typename operator_harness<out>::maker;
  if (!env.builder()->errors.empty())
    return expected<maker>{env.builder()->errors.front()};
  auto code =
    std::static_pointer_cast<const operator_code>(composed.last().code);
  return expected<maker>{
    maker{[code](const std::string& name, receiver<out>& to) {
      return code->make(name, to);
    }}};
}

/// A harness around that operator. Ends the program when the job would be
/// refused; to look at the refusal, see operator_of().
template <class... In, class Compose>
auto harness_of(Compose compose, harness_options options = {}) {
  using out =
    typename std::invoke_result_t<Compose&, data_stream<In>...>::record;
  auto make = operator_of<In...>(std::move(compose));
  options.channels.resize(sizeof...(In), 1);
  return operator_harness<out>{std::move(*make), std::move(options)};
}

} // namespace flow::testing
