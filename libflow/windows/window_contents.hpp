#pragma once

#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "libflow/functions/keyed_context.hpp"
#include "libflow/operators/user_error.hpp"
#include "libflow/windows/evictors.hpp"
#include "libflow/windows/fold.hpp"

namespace flow {

/// What a window operator keeps of the records of a key and window, in the
/// state scope of its windows. One shape for all: `open`, `add`, `empty`,
/// `use(f)` calls f(result), `absorb(scope, into, from)` adds the contents of
/// one window to another's, `clear`, `for_each_value(f)`.

namespace detail {

/// The state of a descriptor, or the exception that fails the attempt.
template <class Handle>
Handle state_or_throw(expected<Handle> found) {
  if (!found)
    throw std::invalid_argument{found.error().text};
  return std::move(*found);
}

inline constexpr const char* contents_name = "window-contents";

} // namespace detail

/// Keeps a fold's accumulator.
template <class In, class Fold>
class folded_contents {
public:
  using accumulator = typename Fold::accumulator;

  explicit folded_contents(Fold fold) : fold_(std::move(fold)) {}

  template <class K, class W>
  void open(keyed_state_store<K>& store, const state_scope<W>& windows,
            runtime_context& context) {
    kept_ = detail::state_or_throw(store.value(
      detail::lasting_value_descriptor<accumulator>{detail::contents_name},
      &windows));
    fold_.open(context);
  }
  void close() { fold_.close(); }

  void add(const In& value, timestamp) {
    const bool fresh = !kept_.has_value();
    kept_.update([&](accumulator& acc) { fold_.add(acc, fresh, value); });
  }

  [[nodiscard]] bool empty() const { return !kept_.has_value(); }

  /// The result is a copy: f may use other states.
  template <class F>
  void use(F&& f) {
    const std::remove_cvref_t<decltype(fold_.result(kept_.value()))> result =
      fold_.result(kept_.value());
    f(result);
  }

  template <class W>
  void absorb(state_scope<W>& windows, const W& into, const W& from) {
    windows.select(from);
    if (!kept_.has_value())
      return;
    const accumulator more = kept_.value();
    kept_.clear();
    windows.select(into);
    if (!kept_.has_value())
      kept_.set(more);
    else if constexpr (requires(accumulator & acc) { fold_.merge(acc, more); })
      kept_.update([&](accumulator& acc) { fold_.merge(acc, more); });
    else
      fatal("windows merge, and their aggregate has no merge(acc, other)");
  }

  void clear() { kept_.clear(); }

  template <class F>
  void for_each_value(F&& f) const {
    if (kept_.has_value())
      f(kept_.value());
  }

private:
  Fold fold_;
  value_state<accumulator> kept_;
};

/// Keeps the records and drops some when the window fires; what is left is
/// folded, or handed over as it is with collect_fold.
template <class In, class Fold, class Evictor>
class listed_contents {
  static constexpr bool stamped = !std::is_same_v<Evictor, no_evictor>;
  using element = std::conditional_t<stamped, window_element<In>, In>;

public:
  listed_contents(Fold fold, Evictor evictor)
    : fold_(std::move(fold)), evictor_(std::move(evictor)) {}

  template <class K, class W>
  void open(keyed_state_store<K>& store, const state_scope<W>& windows,
            runtime_context& context) {
    kept_ = detail::state_or_throw(store.list(
      detail::lasting_list_descriptor<element>{detail::contents_name},
      &windows));
    fold_.open(context);
  }
  void close() { fold_.close(); }

  void add(const In& value, timestamp stamp) {
    if constexpr (stamped)
      kept_.add({value, stamp});
    else
      kept_.add(value);
  }

  [[nodiscard]] bool empty() const { return kept_.empty(); }

  template <class F>
  void use(F&& f) {
    if constexpr (stamped) {
      auto elements = kept_.get();
      const std::size_t before = elements.size();
      if (evictor_.when() == eviction::before)
        evictor_.evict(elements);
      std::vector<In> values;
      for (const auto& each : elements)
        values.push_back(each.value);
      if (evictor_.when() == eviction::after)
        evictor_.evict(elements);
      // Written before the function runs: it may use other states.
      if (elements.size() != before)
        kept_.update(elements);
      hand_over(values, f);
    } else {
      hand_over(kept_.get(), f);
    }
  }

  template <class W>
  void absorb(state_scope<W>& windows, const W& into, const W& from) {
    windows.select(from);
    const auto more = kept_.get();
    kept_.clear();
    windows.select(into);
    kept_.add_all(more);
  }

  void clear() { kept_.clear(); }

  template <class F>
  void for_each_value(F&& f) const {
    kept_.for_each([&](const element& each) {
      if constexpr (stamped)
        f(each.value);
      else
        f(each);
    });
  }

private:
  template <class F>
  void hand_over(const std::vector<In>& values, F& f) {
    if constexpr (std::is_same_v<Fold, collect_fold<In>>) {
      f(std::span<const In>{values});
    } else {
      typename Fold::accumulator acc{};
      bool fresh = true;
      for (const In& each : values)
        fold_.add(acc, std::exchange(fresh, false), each);
      if (!values.empty())
        f(fold_.result(acc));
    }
  }

  Fold fold_;
  Evictor evictor_;
  list_state<element> kept_;
};

} // namespace flow
