#include "tools/harness/twin_subject.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "tools/harness/compare.hpp"

namespace flow::harness {

namespace {

void check_same(const std::vector<item>& first, const std::vector<item>& second,
                output_order order) {
  value::list expected;
  for (const item& one : first) {
    value::map described;
    if (one.what == item::kind::watermark)
      described["watermark"] = one.time;
    else if (one.what == item::kind::status)
      described["status"] =
        one.status == stream_status::idle ? "idle" : "active";
    else
      described = {{"record", one.record}, {"ts", one.time}};
    expected.push_back(std::move(described));
  }
  if (auto why = difference(expected, second, order))
    throw std::runtime_error("the same output from both implementations: "
                             + *why);
}

void append(byte_string& to, const byte_string& part) {
  {
    byte_writer out{to};
    out.write_length(part.size());
  }
  to.insert(to.end(), part.begin(), part.end());
}

} // namespace

twin_subject::twin_subject(std::unique_ptr<subject> first,
                           std::unique_ptr<subject> second)
  : first_(std::move(first)), second_(std::move(second)) {}

template <class F>
void twin_subject::both(F&& f) {
  std::optional<refusal> refused;
  try {
    f(*first_);
  } catch (const refusal& thrown) {
    if (!second_)
      throw;
    refused = thrown;
  }
  if (!second_)
    return;
  try {
    f(*second_);
  } catch (const refusal&) {
    if (refused)
      throw;
    refused = refusal{"the second alone"};
  }
  if (refused)
    throw std::runtime_error("only one of two implementations refuses: "
                             + std::string{refused->what()});
}

void twin_subject::push(std::span<const element> elements,
                        testing::channel_id at) {
  both([&](subject& one) { one.push(elements, at); });
}
void twin_subject::watermark(timestamp mark, testing::channel_id at) {
  told_ = std::max(told_, mark);
  both([&](subject& one) { one.watermark(mark, at); });
}
void twin_subject::status(stream_status status, testing::channel_id at) {
  both([&](subject& one) { one.status(status, at); });
}
void twin_subject::processing_time(timestamp now) {
  both([&](subject& one) { one.processing_time(now); });
}
void twin_subject::end_input(testing::channel_id at) {
  both([&](subject& one) { one.end_input(at); });
}

std::vector<item> twin_subject::take() {
  auto result = first_->take();
  if (second_)
    check_same(result, second_->take(), output_order::between_watermarks);
  return result;
}

std::vector<item> twin_subject::take_side(const std::string& tag) {
  auto result = first_->take_side(tag);
  if (second_)
    check_same(result, second_->take_side(tag), output_order::exact);
  return result;
}

operator_snapshot twin_subject::snapshot() {
  operator_snapshot both_parts;
  {
    byte_writer out{both_parts.keyed};
    out.write_int(told_);
    out.write_bool(second_ != nullptr);
  }
  append(both_parts.keyed, first_->snapshot().keyed);
  append(both_parts.keyed, second_ ? second_->snapshot().keyed : byte_string{});
  return both_parts;
}

void twin_subject::restore(std::span<const operator_snapshot> parts,
                           const std::function<void(subject&)>& before) {
  std::vector<operator_snapshot> first;
  std::vector<operator_snapshot> second;
  bool goes_on = true;
  for (const auto& part : parts) {
    byte_reader in{part.keyed};
    timestamp mark = min_timestamp;
    bool both = true;
    if (!in.read_int(mark) || !in.read_bool(both))
      throw refusal("a snapshot of two is damaged");
    goes_on = goes_on && both && (before || mark == min_timestamp);
    told_ = std::max(told_, before ? mark : min_timestamp);
    for (auto* to : {&first, &second}) {
      std::size_t size = 0;
      std::span<const std::byte> bytes;
      if (!in.read_length(size, 1) || !in.read_raw(size, bytes))
        throw refusal("a snapshot of two is damaged");
      to->push_back({{bytes.begin(), bytes.end()}, {}, {}});
    }
  }
  first_->restore(first, before);
  if (!goes_on)
    second_.reset();
  if (second_)
    second_->restore(second, before);
}

timer_numbers twin_subject::timers() {
  const auto result = first_->timers();
  if (second_ && second_->timers() != result)
    throw std::runtime_error("two implementations have other numbers of "
                             "timers");
  return result;
}
std::uint64_t twin_subject::dropped() {
  if (second_ && first_->dropped() != second_->dropped())
    throw std::runtime_error("two implementations drop other numbers of "
                             "elements");
  return first_->dropped();
}
value::list twin_subject::window_contents(const window_query& query) {
  return first_->window_contents(query);
}

} // namespace flow::harness
