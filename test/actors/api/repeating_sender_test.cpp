#include "actors/api/repeating_sender.hpp"

#include <numeric>
#include <set>

#include "test/actors/api/bridge_fixture.hpp"

using namespace bridge;

namespace {

constexpr std::int64_t numbers_sent = 20'000;

struct repeating_facts {
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<int> resumes{0};
  std::atomic<bool> went_back{false};
};

struct repeating_state {
  std::optional<flow::repeating_sender<std::int64_t>> out;
  std::int64_t offered = 0;
  bool done = false;
};

FLOW_ATOM(produce)

/// Offers 0, 1, ... and closes the source once all is acknowledged; `from_zero`
/// sends everything again whatever the source asks for.
caf::behavior repeat(caf::stateful_actor<repeating_state>* self,
                     flow::source_handle<std::int64_t> to,
                     std::shared_ptr<repeating_facts> facts) {
  self->state.out.emplace(std::move(to));
  self->state.out->attach(self);
  self->send(self, produce_atom::value);
  return {
    [=](produce_atom) {
      auto& state = self->state;
      for (int i = 0; i < 100 && state.offered < numbers_sent; ++i)
        state.out->offer(self, state.offered++);
      if (state.offered < numbers_sent)
        self->delayed_send(self, 1ms, produce_atom::value);
    },
    [=](const flow::source_resume& news) {
      ++facts->resumes;
      if (news.from < facts->acknowledged)
        facts->went_back = true; // it was promised not to
      self->state.out->on_resume(self, news);
    },
    [=](const flow::source_credit& news) {
      self->state.out->on_credit(self, news);
    },
    [=](const flow::source_acknowledged& news) {
      self->state.out->on_acknowledged(news);
      facts->acknowledged = news.up_to;
      if (news.up_to == static_cast<std::uint64_t>(numbers_sent)
          && !std::exchange(self->state.done, true))
        flow::close(self, self->state.out->handle());
    },
    [=](const flow::source_refused& back) {
      if (back.why == flow::refusal::gap)
        facts->went_back = true;
    },
    [=](const flow::source_closed&) {},
  };
}

/// Fails twice, at records that are further and further on.
struct failing_sum {
  std::shared_ptr<std::atomic<int>> failures;
  flow::value_state<std::int64_t> sum;
  flow::value_state<std::int64_t> count;

  void open(flow::keyed_runtime_context<std::int64_t>& context) {
    sum = context.state(flow::value_state_descriptor<std::int64_t>{"sum"});
    count = context.state(flow::value_state_descriptor<std::int64_t>{"count"});
  }
  void process(const std::int64_t& value, flow::keyed_context<std::int64_t>&,
               flow::collector<std::int64_t>& out) {
    if (value == 5'000 * (*failures + 1) && *failures < 2) {
      ++*failures;
      throw std::runtime_error{"no luck"};
    }
    sum.set(sum.value() + value);
    count.set(count.value() + 1);
    if (count.value() >= numbers_sent)
      out.emit(sum.value());
  }
};

std::vector<std::int64_t>
totals_of(flow::actor_delivery delivery,
          const std::shared_ptr<repeating_facts>& facts) {
  program it;
  flow::job_options options = named("repeating");
  options.checkpoints.interval = 10ms;
  options.restart.kind = flow::restart_kind::fixed_delay;
  options.restart.fixed_delay.attempts = 5;
  options.restart.fixed_delay.delay = 1ms;
  flow::stream_environment env{options};
  auto [stream, handle] = flow::from_actor<std::int64_t>(
    env, it.system, "in", {.window = 256, .delivery = delivery});
  stream.uid("in");
  auto failures = std::make_shared<std::atomic<int>>(0);
  auto sums = stream.key_by([](std::int64_t) { return std::int64_t{0}; })
                .process<std::int64_t>(failing_sum{failures, {}, {}});
  sums.uid("sum");
  const auto out = sums.collect();
  it.system.spawn(repeat, handle, facts);
  const auto job = flow::execute_async(env, it.system);
  REQUIRE(job);
  const auto result = job->wait(std::chrono::seconds{60});
  REQUIRE(result);
  CHECK(result->outcome == flow::job_outcome::finished);
  CHECK(result->summary.restarts == 2);
  CHECK(*failures == 2);
  return out.records();
}

} // namespace

TEST_CASE("a sender that repeats loses nothing by failures") {
  const auto facts = std::make_shared<repeating_facts>();
  const auto totals = totals_of(flow::actor_delivery::at_least_once, facts);
  REQUIRE_FALSE(totals.empty());
  CHECK(totals.back() >= numbers_sent * (numbers_sent - 1) / 2);
  CHECK(facts->acknowledged == numbers_sent);
  CHECK(facts->resumes == 3);
  CHECK_FALSE(facts->went_back);
}

TEST_CASE("numbered records are in the state once, whatever is repeated") {
  const auto facts = std::make_shared<repeating_facts>();
  const auto totals = totals_of(flow::actor_delivery::exactly_once, facts);
  REQUIRE_FALSE(totals.empty());
  CHECK(totals.back() == numbers_sent * (numbers_sent - 1) / 2);
  CHECK(totals.size() == 1);
  CHECK_FALSE(facts->went_back);
}

TEST_CASE("a queue drops what it has, and refuses gaps and second senders") {
  flow::source_queue queue{100, flow::actor_delivery::exactly_once};
  auto offer = [&](flow::source_queue::sender who, std::uint64_t first,
                   std::size_t count, std::uint32_t epoch) {
    std::vector<std::int64_t> values(count);
    std::iota(values.begin(), values.end(), static_cast<std::int64_t>(first));
    flow::source_batch batch{
      0,
      std::make_shared<flow::typed_value_block<std::int64_t>>(
        std::move(values), flow::min_timestamp),
      first, epoch};
    return queue.offer(who, batch);
  };
  auto drain = [&] {
    std::vector<std::int64_t> seen;
    for (;;) {
      const auto taken = queue.take(3);
      if (!taken.records)
        return seen;
      const auto& block = static_cast<flow::typed_value_block<std::int64_t>&>(
        *taken.records->values);
      for (std::size_t i = 0; i < taken.records->count; ++i)
        seen.push_back(block.values[taken.records->first + i]);
    }
  };
  CHECK(queue.attach(1) == 100);
  CHECK_FALSE(offer(1, 0, 3, 0));
  CHECK_FALSE(offer(1, 1, 4, 0)); // 1 and 2 are known
  CHECK(offer(1, 7, 1, 0) == flow::refusal::gap);
  CHECK(drain() == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK_FALSE(offer(1, 5, 2, 0));
  queue.restart(3);
  CHECK_FALSE(offer(1, 5, 2, 0)); // was under way: dropped
  CHECK(queue.expected_next().next == 3);
  CHECK_FALSE(offer(1, 0, 5, queue.expected_next().epoch));
  CHECK(drain() == std::vector<std::int64_t>{3, 4});
  CHECK(queue.attach(2) == 100);
  CHECK(offer(2, 5, 1, queue.expected_next().epoch)
        == flow::refusal::not_alone);
}
