#pragma once

#include <concepts>
#include <iostream>
#include <mutex>
#include <sstream>

#include "libflow/functions/sink.hpp"

namespace flow {

template <class T>
concept printable_record = requires(std::ostream& out, const T& value) {
  { out << value } -> std::convertible_to<std::ostream&>;
};

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
    return std::make_unique<writer>();
  }

private:
  class writer final : public sink_writer<T> {
  public:
    expected<void> open(runtime_context& context) override {
      if (context.parallelism() > 1)
        prefix_ = std::to_string(context.subtask_index() + 1) + "> ";
      return {};
    }

    expected<void> write(std::span<const T> values,
                         std::span<const timestamp>) override {
      std::ostringstream lines;
      for (const T& value : values)
        lines << prefix_ << value << '\n';
      const std::string text = std::move(lines).str();
      const std::lock_guard guard{output_mutex()};
      std::cout.write(text.data(), static_cast<std::streamsize>(text.size()));
      return check();
    }

    expected<void> flush() override {
      const std::lock_guard guard{output_mutex()};
      std::cout.flush();
      return check();
    }
    expected<void> finish() override { return flush(); }

  private:
    /// Lines of several subtasks must not mix.
    static std::mutex& output_mutex() {
      static std::mutex instance;
      return instance;
    }

    static expected<void> check() {
      if (std::cout)
        return {};
      return error{error_code::io, "cannot write to standard output"};
    }

    std::string prefix_;
  };
};

} // namespace flow
