#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libflow/functions/async_promise.hpp"
#include "libflow/functions/function.hpp"

namespace flow {

/// An asynchronous function whose answers nobody announces: the operator asks
/// it, about once a millisecond, whether some have come.
template <class Function>
concept polled_function = requires(Function& f) {
  { f.poll() } -> std::convertible_to<bool>;
};

/// Makes requests of a function that returns a `std::future` (or
/// `std::shared_future`) of a result or of a vector of results:
///
///     lines.async_ordered<price>(flow::answered_by_future([](const order& o) {
///       return std::async(std::launch::async, look_up, o.symbol);
///     }), {.capacity = 20, .timeout = 1s});
///
/// An exception in the future fails the request. The futures of requests that
/// timed out are kept until they are ready; one of std::async's waits for its
/// thread when it goes, also at the end of the job.
/// Owner: the operator, a copy for each subtask. @thread the subtask
template <class Function>
class future_function {
public:
  explicit future_function(Function function)
    : function_(std::move(function)) {}

  template <class T, class Out>
  void operator()(const T& value, async_promise<Out> promise) {
    using future = std::invoke_result_t<Function&, const T&>;
    auto answer = std::make_shared<future>(std::invoke(function_, value));
    open_.push_back([answer, promise] { return settle(*answer, promise); });
  }

  template <class T, class Out>
  requires requires(Function& f, const T& value, async_promise<Out> promise) {
    f.timeout(value, promise);
  }
  void timeout(const T& value, async_promise<Out> promise) {
    function_.timeout(value, std::move(promise));
  }

  /// Passes on what is ready. @return whether requests are still open
  bool poll() {
    std::erase_if(open_, [](const auto& settled) { return settled(); });
    return !open_.empty();
  }

  void open(runtime_context& context) { open_function(function_, context); }
  void close() {
    open_.clear();
    close_function(function_);
  }

private:
  /// One that is deferred is computed here and now.
  template <class Future, class Out>
  static bool settle(Future& answer, const async_promise<Out>& promise) {
    // Its type names the states: <future> is for those who use futures.
    const auto state = answer.wait_for(std::chrono::seconds{0});
    if (state == decltype(state)::timeout)
      return false;
    try {
      promise.complete(answer.get());
    } catch (const std::exception& thrown) {
      promise.fail(thrown.what());
    } catch (...) {
      promise.fail("threw something that is no exception");
    }
    return true;
  }

  Function function_;
  std::vector<std::function<bool()>> open_; ///< true: settled
};

template <class Function>
[[nodiscard]] future_function<Function> answered_by_future(Function function) {
  return future_function<Function>{std::move(function)};
}

} // namespace flow
