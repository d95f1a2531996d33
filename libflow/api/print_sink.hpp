#pragma once

#include <concepts>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>

#include "libflow/core/owned.hpp"
#include "libflow/functions/sink.hpp"

namespace flow {

template <class T>
concept printable_record = requires(std::ostream& out, const T& value) {
  { out << value } -> std::convertible_to<std::ostream&>;
};

namespace detail {

/// Standard output, shared by the print sinks' subtasks.
class print_output {
public:
  void open(const runtime_context& context);
  /// What every line begins with.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  /// Whole lines; those of several subtasks do not mix.
  expected<void> write(const std::string& lines);
  expected<void> flush();

private:
  std::string prefix_;
};

} // namespace detail

/// Prints each record on a line of standard output. With several subtasks
/// each line begins with the subtask's number from 1, as in `2> record`.
/// At least once: a line that was printed cannot be taken back.
template <class T>
class print_sink final : public sink<T> {
public:
  [[nodiscard]] std::string kind() const override { return "print"; }
  [[nodiscard]] sink_guarantee guarantee() const override {
    return sink_guarantee::at_least_once;
  }
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer() const override {
    return make_owned<sink_writer<T>, writer>();
  }

private:
  class writer final : public sink_writer<T> {
  public:
    expected<void> open(runtime_context& context) override {
      output_.open(context);
      return {};
    }
    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      std::ostringstream lines;
      for (const T& value : values)
        lines << output_.prefix() << value << '\n';
      return output_.write(std::move(lines).str());
    }
    expected<void> flush() override { return output_.flush(); }
    expected<void> finish() override { return output_.flush(); }

  private:
    detail::print_output output_;
  };
};

} // namespace flow
