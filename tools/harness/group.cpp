#include "tools/harness/group.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libflow/core/hash.hpp"
#include "libflow/core/key_group.hpp"
#include "libflow/operators/snapshot_parts.hpp"

namespace flow::harness {

namespace {

constexpr std::uint32_t max_parallelism = 128;

placement placed(std::size_t index, std::size_t parallelism) {
  return {static_cast<std::uint32_t>(index),
          static_cast<std::uint32_t>(parallelism), max_parallelism};
}

void append(std::vector<item>& to, std::vector<item> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()),
            std::make_move_iterator(more.end()));
}

bool is_record(const item& one) {
  return one.what == item::kind::record;
}

bool same_mark(const item& a, const item& b) {
  return a.what == b.what && a.time == b.time && a.status == b.status;
}

} // namespace

subject_group::subject_group(const value& description)
  : description_(description), kind_(&kind_of(description)) {}

void subject_group::start() {
  if (!started())
    replace(1, nullptr);
}

void subject_group::push(const std::vector<element>& elements,
                         testing::channel_id at,
                         std::optional<std::size_t> only) {
  std::vector<std::vector<element>> shares(members_.size());
  const bool to_all = kind_->broadcast(description_, at.input);
  for (const element& one : elements)
    for (std::size_t i = 0; i < members_.size(); ++i)
      if (only ? *only == i : to_all || owner_of(one.key) == i)
        shares[i].push_back(one);
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (!shares[i].empty())
      members_[i].instance->push(shares[i], at);
}

template <class F>
void subject_group::each(std::optional<std::size_t> only, F&& f) {
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (!only || *only == i)
      f(*members_[i].instance);
}

void subject_group::watermark(timestamp mark, testing::channel_id at,
                              std::optional<std::size_t> only) {
  history_.push_back({at, only, mark, stream_status::active});
  each(only, [&](subject& one) { one.watermark(mark, at); });
}

void subject_group::status(stream_status status, testing::channel_id at,
                           std::optional<std::size_t> only) {
  history_.push_back({at, only, std::nullopt, status});
  each(only, [&](subject& one) { one.status(status, at); });
}

void subject_group::processing_time(timestamp now) {
  clock_ = now;
  each(std::nullopt, [&](subject& one) { one.processing_time(now); });
}

void subject_group::end_input(testing::channel_id at,
                              std::optional<std::size_t> only) {
  ended_ = true;
  each(only, [&](subject& one) { one.end_input(at); });
}

value subject_group::call(const call_step& step,
                          std::optional<std::size_t> only) {
  return members_.at(only.value_or(0)).instance->call(step);
}

bool subject_group::has_state() const {
  return started() && !ended_ && members_.front().instance->has_state();
}

std::vector<operator_snapshot> subject_group::snapshot() {
  std::vector<operator_snapshot> result;
  each(std::nullopt, [&](subject& one) { result.push_back(one.snapshot()); });
  return result;
}

void subject_group::replace(std::size_t parallelism,
                            const std::vector<operator_snapshot>* from) {
  members_.clear();
  history_.clear();
  clock_.reset();
  ended_ = false;
  for (std::size_t i = 0; i < parallelism; ++i) {
    const placement where = placed(i, parallelism);
    members_.push_back({kind_->make(description_, where), {}});
    if (from == nullptr)
      continue;
    const auto parts = snapshot_parts(*from, where.index, where.parallelism);
    if (!parts)
      throw refusal(parts.error().text);
    members_.back().instance->restore(*parts, {});
  }
}

void subject_group::restart_in_place() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    member& one = members_[i];
    collect(one);
    const operator_snapshot taken = one.instance->snapshot();
    auto fresh = kind_->make(description_, placed(i, members_.size()));
    for (const auto& tag : one.instance->side_tags())
      append(one.sides[tag], one.instance->take_side(tag));
    if (one.instance->counts_drops())
      one.dropped += one.instance->dropped();
    // Told before its state comes: a timer behind the watermark goes on
    // waiting for the next one.
    fresh->restore({&taken, 1},
                   [&](subject& one_anew) { tell_again(i, one_anew); });
    // What was told comes out again; only records would be new.
    for (item& came : fresh->take())
      if (is_record(came))
        one.out.push_back(std::move(came));
    one.instance = std::move(fresh);
  }
}

void subject_group::collect(member& one) {
  append(one.out, one.instance->take());
}

void subject_group::tell_again(std::size_t index, subject& instance) {
  if (clock_)
    instance.processing_time(*clock_);
  for (const told& each : history_) {
    if (each.only && *each.only != index)
      continue;
    if (each.mark)
      instance.watermark(*each.mark, each.at);
    else
      instance.status(each.status, each.at);
  }
}

std::size_t subject_group::owner_of(const value& key) const {
  if (members_.size() == 1)
    return 0;
  return operator_of(key_group_of(key_hash(key), max_parallelism),
                     static_cast<std::uint32_t>(members_.size()),
                     max_parallelism);
}

std::vector<item> subject_group::take(std::optional<std::size_t> only) {
  std::vector<std::vector<item>> outputs;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (only && *only != i)
      continue;
    collect(members_[i]);
    outputs.push_back(std::exchange(members_[i].out, {}));
  }
  std::vector<std::size_t> at(outputs.size(), 0);
  std::vector<item> merged;
  for (;;) {
    std::size_t ended = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      for (; at[i] < outputs[i].size() && is_record(outputs[i][at[i]]); ++at[i])
        merged.push_back(std::move(outputs[i][at[i]]));
      ended += at[i] == outputs[i].size() ? 1 : 0;
    }
    if (ended == outputs.size())
      return merged;
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (at[i] == outputs[i].size()
          || !same_mark(outputs[i][at[i]], outputs[0][at[0]]))
        throw refusal("parallel instances put out different watermarks");
    merged.push_back(outputs[0][at[0]]);
    for (std::size_t& position : at)
      ++position;
  }
}

std::vector<item> subject_group::take_side(const std::string& tag,
                                           std::optional<std::size_t> only) {
  std::vector<item> result;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (only && *only != i)
      continue;
    append(result, std::exchange(members_[i].sides[tag], {}));
    append(result, members_[i].instance->take_side(tag));
  }
  return result;
}

timer_numbers subject_group::timers(std::optional<std::size_t> only) {
  timer_numbers sum;
  each(only, [&](subject& one) {
    const auto numbers = one.timers();
    sum.event += numbers.event;
    sum.processing += numbers.processing;
  });
  return sum;
}

std::uint64_t subject_group::dropped(std::optional<std::size_t> only) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (!only || *only == i)
      sum += members_[i].dropped + members_[i].instance->dropped();
  return sum;
}

value::list subject_group::window_contents(const window_query& query) {
  return members_.at(owner_of(query.key)).instance->window_contents(query);
}

value subject_group::state(const std::string& name, const value& key) {
  return members_.at(owner_of(key)).instance->state(name, key);
}

} // namespace flow::harness
