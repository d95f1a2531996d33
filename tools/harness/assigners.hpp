#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "libflow/windows/assigners.hpp"
#include "tools/harness/subject.hpp"

namespace flow::harness {

/// The gap of a record by the rules of a case: the first whose key and value,
/// as far as it has them, are the record's.
struct gap_by_rules {
  value::list rules;

  duration_ms operator()(const value& record) const;
};

/// A window of the gap, but an empty one for records of one value: a merging
/// assigner as an author might write it.
struct sessions_with_points {
  duration_ms gap;
  value point;
  time_domain of;

  using window = time_window;
  static constexpr bool merges = true;

  [[nodiscard]] time_domain domain() const noexcept { return of; }

  template <class Take>
  void assign(const value& record, timestamp at, Take&& take) const {
    take(time_window{
      at, record["value"] == point ? at : saturating_add(at, gap.count())});
  }
  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    merge_touching(std::move(all), merged);
  }
};

/// Any assigner of windows of time that a case may describe.
class case_assigner {
public:
  using window = time_window;
  static constexpr bool merges = true; // as far as the one within does

  /// Throws refusal for a description that libflow refuses.
  explicit case_assigner(const value& description);

  [[nodiscard]] time_domain domain() const;
  [[nodiscard]] bool is_merging() const;
  [[nodiscard]] bool is_global() const {
    return std::holds_alternative<global_windows>(chosen_);
  }

  template <class Take>
  void assign(const value& record, timestamp at, Take&& take) {
    std::visit(
      [&](auto& assigner) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(assigner)>,
                                      global_windows>)
          assigner.assign(record, at, take);
      },
      chosen_);
  }

  template <class Merged>
  void merge(std::vector<time_window> all, Merged&& merged) const {
    if (is_merging())
      merge_touching(std::move(all), merged);
  }

  using choice =
    std::variant<global_windows, sliding_windows, session_windows,
                 dynamic_session_windows<gap_by_rules>, sessions_with_points>;
  [[nodiscard]] const choice& chosen() const noexcept { return chosen_; }

private:
  choice chosen_;
};

} // namespace flow::harness
