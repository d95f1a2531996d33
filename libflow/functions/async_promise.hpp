#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libflow/functions/async_options.hpp"

namespace flow {

namespace detail {

/// What became of one request.
template <class Out>
struct async_answer {
  std::uint64_t request = 0;
  std::uint32_t attempt = 0;
  std::vector<Out> results;
  std::optional<std::string> failure;
};

/// Where answers wait for the operator. Shared by it and its promises.
/// @thread any
template <class Out>
class async_inbox {
public:
  explicit async_inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void put(async_answer<Out> answer) {
    {
      const std::lock_guard guard{mutex_};
      if (closed_)
        return;
      answers_.push_back(std::move(answer));
      if (answers_.size() > 1)
        return; // the operator has been woken
    }
    wake_();
  }

  [[nodiscard]] std::vector<async_answer<Out>> take() {
    const std::lock_guard guard{mutex_};
    return std::exchange(answers_, {});
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard guard{mutex_};
    return answers_.empty();
  }

  /// Answers that come from now on are of no use to anybody.
  void close() {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    answers_.clear();
  }

private:
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<async_answer<Out>> answers_; // guarded by mutex_
  bool closed_ = false;                    // guarded by mutex_
};

} // namespace detail

/// What an asynchronous function answers a request through: once, from any
/// thread, at any time. A second answer, one after the timeout and one after
/// the operator's end are dropped.
/// Owner: whoever answers; copies are one promise.
/// @thread any
template <class Out>
class async_promise {
public:
  async_promise(std::shared_ptr<detail::async_inbox<Out>> inbox,
                std::uint64_t request, std::uint32_t attempt)
    : inbox_(std::move(inbox)), request_(request), attempt_(attempt) {}

  /// Any number of results, which carry the timestamp of the request's record.
  void complete(std::vector<Out> results) const {
    inbox_->put({request_, attempt_, std::move(results), std::nullopt});
  }
  void complete(Out result) const {
    std::vector<Out> results;
    results.push_back(std::move(result));
    complete(std::move(results));
  }

  /// The request failed: it is made again, or the job fails with this text.
  void fail(std::string why) const {
    inbox_->put({request_, attempt_, {}, std::move(why)});
  }

private:
  std::shared_ptr<detail::async_inbox<Out>> inbox_;
  std::uint64_t request_;
  std::uint32_t attempt_;
};

/// Makes one request: `void f(const T&, async_promise<Out>)`. A member
/// `timeout(const T&, async_promise<Out>)` answers for one that took too long;
/// without it a timeout fails the job.
template <class Function, class T, class Out>
concept async_function = requires(Function& f, const T& value,
                                  async_promise<Out> promise) {
  f(value, promise);
};

} // namespace flow
