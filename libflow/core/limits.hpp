#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the data plane, with its unit and its reason.
namespace flow::limits {

/// A batch is full at so many records or bytes: large enough that one actor
/// message costs under 2 ns a record, small enough to stay in the L1/L2 cache.
inline constexpr std::size_t batch_target_records = 1024;
inline constexpr std::size_t batch_target_bytes = 32 * 1024;

/// A source reads at most so many bytes of records at once, if they are large.
inline constexpr std::size_t source_batch_bytes = 256 * 1024;

/// Batches of one record type kept for reuse; beyond, memory is freed.
inline constexpr std::size_t pooled_batches_per_type = 64;

/// Batches a sender may have on the way on one channel. From 8 on the wake-ups
/// of the receiver are hidden.
inline constexpr std::uint32_t channel_window_credits = 16;

/// Records handed to user code that may emit more than it takes, before the
/// output is asked whether it is full.
inline constexpr std::size_t records_per_amplifying_call = 256;

/// A subtask yields to its mailbox after so much work.
inline constexpr std::chrono::microseconds step_budget{500};

/// A step of firing timers ends after so many or so much time, so that a storm
/// of them lets the other messages of the task through.
inline constexpr std::size_t timers_per_firing_step = 4096;
inline constexpr std::chrono::microseconds firing_step_time{1000};

/// Default of execution.buffer-timeout.
inline constexpr std::chrono::milliseconds buffer_timeout{10};

/// Records whose state is looked up together: enough misses in flight.
inline constexpr std::size_t state_block_records = 32;

} // namespace flow::limits
