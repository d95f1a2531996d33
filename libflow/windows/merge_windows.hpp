#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "libflow/windows/window.hpp"

namespace flow {

/// Joins windows that intersect or touch: calls merged(target, sources) for
/// each group of at least two, in the order of time. Equal windows are one.
template <class Merged>
void merge_touching(std::vector<time_window> all, Merged&& merged) {
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (auto first = all.begin(); first != all.end();) {
    time_window target = *first;
    auto last = first + 1;
    for (; last != all.end() && last->intersects(target); ++last)
      target = target.cover(*last);
    if (last - first > 1)
      merged(target, std::vector<time_window>(first, last));
    first = last;
  }
}

/// One merge of a window set.
template <class Window>
struct window_merge {
  Window target;                ///< the window that remains
  std::vector<Window> sources;  ///< those that were there and went into it
  Window state_window;          ///< whose state becomes the target's
  std::vector<Window> absorbed; ///< state windows whose state is added to it
};

/// The windows of one key under a merging assigner. The state of a window
/// stays where it was first put: each window has a state window, which need
/// not change when the window grows.
/// Owner: the operator's state, by key. A value.
template <class Window>
class merging_window_set {
public:
  struct entry {
    Window window;
    Window state_window;

    friend bool operator==(const entry&, const entry&) = default;
  };

  struct added {
    Window window; ///< the one that the new window became or went into
    std::vector<window_merge<Window>> merges;
  };

  /// Adds a window and merges what `assigner` merges. A window that another
  /// holds whole changes nothing and counts as no merge.
  template <class Assigner>
  added add(const Window& fresh, const Assigner& assigner) {
    if (find(fresh) != nullptr)
      return {fresh, {}};
    std::vector<Window> all;
    for (const entry& each : entries)
      all.push_back(each.window);
    all.push_back(fresh);
    added result{fresh, {}};
    bool merged_fresh = false;
    assigner.merge(std::move(all),
                   [&](const Window& target, std::vector<Window> sources) {
                     if (std::erase(sources, fresh) > 0) {
                       merged_fresh = true;
                       result.window = target;
                     }
                     if (!sources.empty())
                       join(target, std::move(sources), result.merges);
                   });
    if (!merged_fresh)
      entries.push_back({fresh, fresh});
    return result;
  }

  /// Where the state of a window is; nullptr for one that is not there.
  [[nodiscard]] const Window*
  state_window(const Window& window) const noexcept {
    const entry* found = find(window);
    return found != nullptr ? &found->state_window : nullptr;
  }

  void retire(const Window& window) {
    std::erase_if(entries,
                  [&](const entry& each) { return each.window == window; });
  }

  std::vector<entry> entries; ///< few: the open windows of one key

private:
  [[nodiscard]] const entry* find(const Window& window) const noexcept {
    const auto found = std::ranges::find(entries, window, &entry::window);
    return found == entries.end() ? nullptr : &*found;
  }

  void join(const Window& target, std::vector<Window> sources,
            std::vector<window_merge<Window>>& merges) {
    window_merge<Window> merge{target, std::move(sources), {}, {}};
    merge.state_window = *state_window(merge.sources.front());
    for (const Window& source : merge.sources) {
      const Window* state = state_window(source);
      if (*state != merge.state_window)
        merge.absorbed.push_back(*state);
    }
    const bool grows = merge.sources.size() > 1 || merge.sources[0] != target;
    for (const Window& source : merge.sources)
      retire(source);
    entries.push_back({target, merge.state_window});
    if (grows)
      merges.push_back(std::move(merge));
  }
};

} // namespace flow
