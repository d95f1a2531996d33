// A sender and a receiver, connected by wires that a seed delays, loses,
// repeats and reorders: credit, output channels and gate together.

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <vector>

#include "libflow/exchange/credit.hpp"
#include "libflow/exchange/input_gate.hpp"
#include "libflow/exchange/output_channels.hpp"
#include "test/libflow/exchange/exchange_fixture.hpp"
#include "test/support/test_seed.hpp"

using namespace flow;

namespace {

struct parameters {
  std::size_t channels = 1;
  std::uint32_t window = 1;
  std::size_t elements = 0;     // to offer, over all channels
  std::size_t fault_permil = 0; // of deliveries
};

class exchange_simulation final : channel_sink {
public:
  exchange_simulation(const parameters& how, std::mt19937_64& random)
    : how_(how), random_(random), output_(*this, how.channels, how.window),
      gate_(std::vector<std::size_t>{how.channels}, how.window),
      lines_(how.channels) {
    for (std::size_t c = 0; c < how.channels; ++c) {
      lines_[c].grantor = credit_grantor{how.window};
      pay(c, lines_[c].grantor.start());
    }
  }

  /// Random steps until everything was offered, then everything arrives.
  /// @return false when the gate refused an element
  bool run() {
    std::size_t steps_left = 200 * how_.elements;
    while (offered_ < how_.elements && !refused_ && steps_left-- > 0)
      random_step();
    // Lost batches take their credit with them and may stop the sender.
    REQUIRE((lost_ || refused_ || offered_ >= how_.elements));
    for (std::size_t c = 0; c < how_.channels && !refused_; ++c) {
      gate_.unblock(c);
      pay(c, lines_[c].grantor.resume());
      offer(c, stream_element::of_end_of_partition());
    }
    bool moved = true;
    while (moved && !refused_)
      moved = settle();
    return !refused_;
  }

  [[nodiscard]] bool all_arrived() const {
    for (const line& each : lines_)
      if (!each.expected.empty())
        return false;
    return !output_.full() && gate_.open_channels() == 0;
  }

  [[nodiscard]] bool lost() const { return lost_; }

private:
  struct flying {
    std::uint64_t sequence = 0;
    stream_element element;
  };

  struct expectation {
    std::uint64_t id = 0;
    element_kind kind = element_kind::data;
  };

  struct line {
    credit_grantor grantor;
    std::deque<flying> wire;
    std::deque<std::uint32_t> credits; // on their way back
    std::deque<expectation> expected;
    std::uint64_t next_arrival = 0;
  };

  void send(std::size_t channel, std::uint64_t sequence,
            stream_element&& element) override {
    lines_[channel].wire.push_back({sequence, std::move(element)});
  }

  std::size_t below(std::size_t n) { return random_() % n; }

  void random_step() {
    const std::size_t channel = below(how_.channels);
    const std::size_t dice = below(100);
    if (dice < 25) {
      offer_some();
    } else if (dice < 55) {
      deliver(channel);
    } else if (dice < 80) {
      process();
    } else if (dice < 92) {
      deliver_credit(channel);
    } else if (dice < 96) {
      gate_.blocked(channel) ? gate_.unblock(channel) : gate_.block(channel);
    } else if (lines_[channel].grantor.paused()) {
      pay(channel, lines_[channel].grantor.resume());
    } else {
      lines_[channel].grantor.pause();
    }
  }

  bool settle() {
    bool moved = process();
    for (std::size_t c = 0; c < how_.channels && !refused_; ++c) {
      moved = deliver(c) || moved;
      moved = deliver_credit(c) || moved;
    }
    return moved;
  }

  /// What one call of user code emits: it looks at full() only before.
  void offer_some() {
    if (output_.full())
      return;
    for (std::size_t n = 1 + below(8); n > 0; --n) {
      const std::size_t channel = below(how_.channels);
      const std::uint64_t id = offered_++;
      if (below(4) == 0)
        offer(channel,
              stream_element::of_watermark(static_cast<timestamp>(id)));
      else if (below(6) == 0)
        offer(channel, stream_element::of_barrier({id, 0, {}}));
      else
        offer(channel, test::data(id));
    }
  }

  static std::uint64_t id_of(const stream_element& element) {
    switch (element.kind()) {
    case element_kind::data:
      return test::value_of(element);
    case element_kind::watermark:
      return static_cast<std::uint64_t>(element.watermark());
    case element_kind::barrier:
      return element.barrier().checkpoint_id;
    default:
      return 0;
    }
  }

  void offer(std::size_t channel, stream_element element) {
    lines_[channel].expected.push_back({id_of(element), element.kind()});
    output_.offer(channel, std::move(element));
  }

  bool deliver(std::size_t channel) {
    line& way = lines_[channel];
    if (way.wire.empty())
      return false;
    disturb(way);
    if (way.wire.empty())
      return true;
    flying next = std::move(way.wire.front());
    way.wire.pop_front();
    const bool in_order = next.sequence == way.next_arrival;
    way.next_arrival += in_order ? 1 : 0;
    const auto taken =
      gate_.enqueue(channel, next.sequence, std::move(next.element));
    REQUIRE(taken.has_value() == in_order);
    REQUIRE(gate_.queue(channel).batches() <= how_.window);
    refused_ = !in_order;
    return true;
  }

  /// Loses, repeats or overtakes the first element of a wire.
  void disturb(line& way) {
    if (below(1000) >= how_.fault_permil)
      return;
    switch (below(3)) {
    case 0:
      way.wire.pop_front();
      lost_ = true;
      break;
    case 1:
      way.wire.push_front(way.wire.front());
      break;
    default:
      std::swap(way.wire.front(), way.wire.back());
    }
  }

  bool process() {
    auto next = gate_.next();
    if (!next)
      return false;
    line& way = lines_[next->channel];
    const stream_element& got = next->element;
    // Of neighbouring watermarks only the last need arrive.
    while (got.kind() == element_kind::watermark && way.expected.size() > 1
           && way.expected[0].id != id_of(got)
           && way.expected[0].kind == element_kind::watermark
           && way.expected[1].kind == element_kind::watermark)
      way.expected.pop_front();
    REQUIRE_FALSE(way.expected.empty());
    REQUIRE(way.expected.front().kind == got.kind());
    REQUIRE(way.expected.front().id == id_of(got));
    way.expected.pop_front();
    if (got.costs_credit())
      pay(next->channel, way.grantor.on_processed(1));
    REQUIRE(way.grantor.outstanding() <= how_.window);
    return true;
  }

  void pay(std::size_t channel, std::uint32_t credits) {
    if (credits > 0)
      lines_[channel].credits.push_back(credits);
  }

  bool deliver_credit(std::size_t channel) {
    auto& credits = lines_[channel].credits;
    if (credits.empty())
      return false;
    REQUIRE(output_.on_credit(channel, credits.front()));
    credits.pop_front();
    return true;
  }

  parameters how_;
  std::mt19937_64& random_;
  output_channels output_;
  input_gate gate_;
  std::vector<line> lines_;
  std::uint64_t offered_ = 0;
  bool refused_ = false;
  bool lost_ = false;
};

} // namespace

TEST_CASE("every element arrives once and in order, and nothing gets stuck") {
  std::mt19937_64 random{test_seed()};
  for (int round = 0; round < 400; ++round) {
    const parameters how{1 + random() % 7,
                         static_cast<std::uint32_t>(1 + random() % 20), 300, 0};
    exchange_simulation simulation{how, random};
    REQUIRE(simulation.run());
    REQUIRE(simulation.all_arrived());
  }
}

TEST_CASE("a lost, repeated or overtaken element never passes unnoticed") {
  std::mt19937_64 random{test_seed()};
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    const parameters how{1 + random() % 4,
                         static_cast<std::uint32_t>(1 + random() % 20), 300, 2};
    exchange_simulation simulation{how, random};
    if (!simulation.run())
      ++refused;
    else
      // Only the loss of what came last shows by the end that is missing.
      REQUIRE(simulation.all_arrived() == !simulation.lost());
  }
  CHECK(refused > 0);
}
