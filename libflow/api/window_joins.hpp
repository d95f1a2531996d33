#pragma once

#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/api/windowed_stream.hpp"

namespace flow {

/// A record of one of two streams with its key; one of both is there.
template <class Key, class A, class B>
struct either_record {
  Key key{};
  std::optional<A> first;
  std::optional<B> second;
};

namespace detail {

/// Takes the records of a key and window apart by stream.
template <class A, class B, class Function>
class group_both {
public:
  explicit group_both(Function function) : function_(std::move(function)) {}

  template <class Context, class Key, class Out>
  void operator()(const Context& context,
                  std::span<const either_record<Key, A, B>> records,
                  collector<Out>& out) {
    std::vector<A> first;
    std::vector<B> second;
    for (const auto& each : records) {
      if (each.first)
        first.push_back(*each.first);
      else
        second.push_back(*each.second);
    }
    function_(context, std::span<const A>{first}, std::span<const B>{second},
              out);
  }

private:
  Function function_;
};

/// Calls a function for each pair.
template <class Function>
struct each_pair {
  Function function;

  template <class Context, class A, class B, class Out>
  void operator()(const Context&, std::span<const A> first,
                  std::span<const B> second, collector<Out>& out) {
    for (const A& a : first)
      for (const B& b : second)
        out.emit(Out(std::invoke(function, a, b)));
  }
};

} // namespace detail

/// Windows over two streams of the same keys: `a.window_with(b, windows)`.
/// Keeps all records of both until the window closes. Results carry the
/// window's last time.
template <class Windowed, class Key, class A, class B>
class joined_windows {
public:
  explicit joined_windows(Windowed windows) : windows_(std::move(windows)) {}

  /// As of windowed_stream.
  joined_windows& allowed_lateness(duration_ms value) {
    windows_.allowed_lateness(value);
    return *this;
  }
  template <class Trigger>
  auto trigger(Trigger trigger) const {
    auto other = windows_.trigger(std::move(trigger));
    return joined_windows<decltype(other), Key, A, B>{std::move(other)};
  }

  /// One record for each pair of a key and window: `Out(const A&, const B&)`.
  template <class Function>
  auto join(Function function) const {
    static_assert(detail::fits<std::invocable<Function&, const A&, const B&>>,
                  "flow: join needs a function Out(const A&, const B&)");
    using out =
      std::remove_cvref_t<std::invoke_result_t<Function&, const A&, const B&>>;
    return group<out>(detail::each_pair<Function>{std::move(function)});
  }

  /// All records of a key and window, those of one stream may be none:
  /// `void(const window_context<Key>&, std::span<const A>, std::span<const B>,
  /// collector<Out>&)`.
  template <class Named = detail::deduced, class Function>
  auto co_group(Function function) const {
    using out = detail::emitted_by<Named, Function>;
    static_assert(!std::is_same_v<out, detail::deduced>,
                  "flow: name the record type that the function emits: "
                  "co_group<Out>(f)");
    return group<out>(std::move(function));
  }

private:
  template <class Out, class Function>
  data_stream<Out> group(Function function) const {
    return windows_.template process<Out>(
      detail::group_both<A, B, Function>{std::move(function)});
  }

  Windowed windows_;
};

template <class Key, class T, class Selector>
template <class B, class SelectorB, class Windows>
auto keyed_stream<Key, T, Selector>::window_with(
  const keyed_stream<Key, B, SelectorB>& other, Windows windows) const {
  using either = either_record<Key, T, B>;
  auto first = records().map([by = selector()](const T& value) {
    return either{std::invoke(by, value), value, std::nullopt};
  });
  auto second = other.records().map([by = other.selector()](const B& value) {
    return either{std::invoke(by, value), std::nullopt, value};
  });
  auto windowed =
    first.union_with(second).key_by(&either::key).window(std::move(windows));
  return joined_windows<decltype(windowed), Key, T, B>{std::move(windowed)};
}

} // namespace flow
