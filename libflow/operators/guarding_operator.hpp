#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "libflow/core/codec.hpp"
#include "libflow/functions/error_policy.hpp"
#include "libflow/operators/user_error.hpp"

namespace flow {

/// Base of operators that call a function of the author's for each record: what
/// becomes of one whose function throws is said per operator.
class guarding_operator : public operator_base {
public:
  using operator_base::operator_base;
  ~guarding_operator() override; // once, not in every operator's destructors

  /// Before `open`.
  void set_error_policy(error_policy policy);

protected:
  /// Whether records may be left out.
  [[nodiscard]] bool leaves_out() const noexcept { return !policy_.fails(); }

  /// Runs `loop`, which processes the records [at, last) and keeps `at` at the
  /// one in work; again from the next one on when that one was left out.
  /// Cost: a few ns, so once per batch, not per record.
  template <class T, class Loop>
  void guard_records(std::size_t& at, std::size_t last,
                     std::span<const T> values,
                     std::span<const timestamp> stamps, Loop&& loop) {
    const user_code_scope scope{name()};
    for (;;) {
      try {
        loop();
        return;
      } catch (...) {
        if (at >= last)
          rethrow_as_task_failure(name(), {});
        leave_out(values[at], stamps[at]);
        ++at;
      }
    }
  }

  /// In a catch block: leaves the record out that threw, or fails the attempt.
  template <class T>
  void leave_out(const T& record, timestamp stamp);

private:
  /// Counts and emits it. Throws task_failure for what must not be left out.
  void note(failed_record failed);

  error_policy policy_ = error_policy::fail();
};

// Not inline: a job takes that of common types from the library.
template <class T>
void guarding_operator::leave_out(const T& record, timestamp stamp) {
  if (!leaves_out())
    rethrow_as_task_failure(name(), describe_record(record));
  failed_record failed;
  failed.record = describe_record(record);
  failed.stamp = stamp;
  if (policy_.dead_letters()) {
    std::vector<std::byte> bytes;
    {
      byte_writer out{bytes};
      codec<T>::encode(record, out);
    }
    failed.encoded.assign(reinterpret_cast<const char*>(bytes.data()),
                          bytes.size());
  }
  note(std::move(failed));
}

} // namespace flow
