#include "libflow/time/watermark_valve.hpp"

#include <algorithm>

#include "libflow/core/assert.hpp"

namespace flow {

valve_state rescaled(std::span<const valve_state> old,
                     std::size_t channel_count) {
  FLOW_ASSERT(channel_count > 0, "a valve has at least one channel");
  valve_state result;
  if (!old.empty())
    result.output = max_timestamp;
  timestamp lowest = result.output;
  for (const valve_state& state : old) {
    result.output = std::min(result.output, state.output);
    for (timestamp mark : state.channels)
      lowest = std::min(lowest, mark);
  }
  // Below the output are only channels that were idle for a while; with all
  // channels starting there, the first to pass the output would run ahead.
  result.channels.assign(channel_count, std::max(lowest, result.output));
  return result;
}

watermark_valve::watermark_valve(std::size_t channel_count)
  : channels_(channel_count), aligned_(channel_count),
    at_minimum_(channel_count), live_(channel_count), active_(channel_count) {
  FLOW_ASSERT(channel_count > 0, "a valve has at least one channel");
}

valve_output watermark_valve::watermark(std::size_t index, timestamp mark) {
  FLOW_ASSERT(index < channels_.size(), "no such channel");
  channel_state& channel = channels_[index];
  valve_output out;
  if (channel.idle || channel.ended() || mark <= channel.mark)
    return out;
  unalign(channel);
  channel.mark = mark;
  if (mark == max_timestamp) {
    ++at_max_;
    end(channel);
    if (at_max_ == channels_.size())
      raise_output(max_timestamp, out);
    else
      put_out_after_removal(out);
  } else if (mark >= output_) {
    align(channel);
    put_out_minimum(out);
  }
  return out;
}

valve_output watermark_valve::status(std::size_t index, stream_status status) {
  FLOW_ASSERT(index < channels_.size(), "no such channel");
  channel_state& channel = channels_[index];
  valve_output out;
  const bool idle = status == stream_status::idle;
  if (channel.idle == idle || channel.ended())
    return out;
  channel.idle = idle;
  if (idle) {
    unalign(channel);
    --active_;
    put_out_after_removal(out);
    return out;
  }
  ++active_;
  if (output_idle_) {
    output_idle_ = false;
    out.status = stream_status::active;
  }
  if (channel.mark >= output_) {
    align(channel);
    put_out_minimum(out);
  }
  return out;
}

valve_output watermark_valve::finish(std::size_t index) {
  FLOW_ASSERT(index < channels_.size(), "no such channel");
  channel_state& channel = channels_[index];
  valve_output out;
  const bool ended_before = channel.ended();
  channel.finished = true;
  if (ended_before)
    return out;
  unalign(channel);
  end(channel);
  put_out_after_removal(out);
  return out;
}

valve_state watermark_valve::snapshot() const {
  valve_state state;
  state.channels.reserve(channels_.size());
  for (const channel_state& channel : channels_)
    state.channels.push_back(channel.mark);
  state.output = output_;
  return state;
}

valve_output watermark_valve::restore(const valve_state& state) {
  FLOW_ASSERT(state.channels.size() == channels_.size(),
              "restore of a valve with another number of channels");
  *this = watermark_valve{channels_.size()};
  output_ = state.output;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    channel_state& channel = channels_[i];
    unalign(channel);
    channel.mark = state.channels[i];
    if (channel.mark == max_timestamp) {
      ++at_max_;
      end(channel);
    }
  }
  for (channel_state& channel : channels_)
    if (!channel.ended() && channel.mark >= output_)
      align(channel);
  valve_output out;
  put_out_minimum(out);
  if (output_ > min_timestamp)
    out.watermark = output_;
  return out;
}

void watermark_valve::align(channel_state& channel) {
  channel.aligned = true;
  if (aligned_++ == 0 || channel.mark < minimum_) {
    minimum_ = channel.mark;
    at_minimum_ = 1;
  } else if (channel.mark == minimum_) {
    ++at_minimum_;
  }
}

void watermark_valve::unalign(channel_state& channel) {
  if (!channel.aligned)
    return;
  channel.aligned = false;
  --aligned_;
  if (channel.mark == minimum_)
    --at_minimum_;
}

/// Counts an unaligned channel out of those that may still deliver.
void watermark_valve::end(const channel_state& channel) {
  --live_;
  if (!channel.idle)
    --active_;
}

void watermark_valve::find_minimum() {
  minimum_ = max_timestamp;
  at_minimum_ = 0;
  for (const channel_state& channel : channels_) {
    if (!channel.aligned || channel.mark > minimum_)
      continue;
    if (channel.mark < minimum_)
      at_minimum_ = 0;
    minimum_ = channel.mark;
    ++at_minimum_;
  }
}

void watermark_valve::raise_output(timestamp mark, valve_output& out) {
  if (mark > output_) {
    output_ = mark;
    out.watermark = mark;
  }
}

void watermark_valve::put_out_minimum(valve_output& out) {
  if (aligned_ == 0)
    return;
  if (at_minimum_ == 0)
    find_minimum();
  raise_output(minimum_, out);
}

/// A channel turned idle or ended: the others decide, or, when all that may
/// still deliver are idle, their maximum is put out, whatever the order in
/// which they turned idle.
void watermark_valve::put_out_after_removal(valve_output& out) {
  if (active_ > 0) {
    put_out_minimum(out);
    return;
  }
  if (live_ == 0 || output_idle_)
    return;
  timestamp highest = min_timestamp;
  for (const channel_state& channel : channels_)
    if (!channel.ended())
      highest = std::max(highest, channel.mark);
  raise_output(highest, out);
  output_idle_ = true;
  out.status = stream_status::idle;
}

} // namespace flow
