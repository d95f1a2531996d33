#pragma once

#include <algorithm>

#include "tools/bench/window_records.hpp"

namespace flow::bench {

/// Sliding windows of `slices` slices each, by a loop that knows its keys: one
/// cell per key and slice in a row of its own, windows combined block by block
/// from what is left and right of a block's edge. `Combine` adds two cells up;
/// 0 is that of no record.
template <class Combine>
class sliding_loop {
public:
  sliding_loop(std::uint64_t keys, std::size_t input_slices,
               std::size_t slices_per_window)
    : keys_(keys), input_(input_slices), window_(slices_per_window),
      cells_(keys * input_slices) {}

  std::uint64_t& cell(std::uint64_t key, std::size_t slice) {
    return cells_[key * input_ + slice];
  }

  /// Calls f(key, last slice of the window, value) for windows that hold a
  /// record. The last slice may lie behind the input.
  template <class F>
  void for_each_window(F&& f) {
    const std::size_t padded = input_ + 2 * (window_ - 1);
    std::vector<std::uint64_t> own(padded);
    std::vector<std::uint64_t> until(padded); // from the block's begin
    std::vector<std::uint64_t> from(padded);  // to the block's end
    for (std::uint64_t key = 0; key < keys_; ++key) {
      std::copy_n(cells_.data() + key * input_, input_,
                  own.begin() + static_cast<std::ptrdiff_t>(window_ - 1));
      combine_blocks(own, until, from);
      for (std::size_t first = 0; first + window_ <= padded; ++first) {
        const std::uint64_t value =
          first % window_ == 0
            ? from[first]
            : combine_(from[first], until[first + window_ - 1]);
        if (value != 0)
          f(key, first, value);
      }
    }
  }

  /// The same for windows that tumble.
  template <class F>
  void for_each_tumbling(F&& f) {
    for (std::uint64_t key = 0; key < keys_; ++key)
      for (std::size_t first = 0; first < input_; first += window_) {
        std::uint64_t value = 0;
        for (std::size_t i = first; i < std::min(first + window_, input_); ++i)
          value = combine_(value, cell(key, i));
        if (value != 0)
          f(key, first + window_ - 1, value);
      }
  }

private:
  void combine_blocks(const std::vector<std::uint64_t>& own,
                      std::vector<std::uint64_t>& until,
                      std::vector<std::uint64_t>& from) const {
    for (std::size_t i = 0; i < own.size(); ++i)
      until[i] = i % window_ == 0 ? own[i] : combine_(until[i - 1], own[i]);
    for (std::size_t i = own.size(); i-- > 0;)
      from[i] = i + 1 == own.size() || (i + 1) % window_ == 0
                  ? own[i]
                  : combine_(own[i], from[i + 1]);
  }

  std::uint64_t keys_;
  std::size_t input_;
  std::size_t window_;
  Combine combine_;
  std::vector<std::uint64_t> cells_; // [key * input_ + slice]
};

} // namespace flow::bench
