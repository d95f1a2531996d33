/// What holds for a channel wherever its ends are: within a process, over a
/// link in memory, over a link of sockets.

#include "actors/link/channel_switch.hpp"

#include <deque>
#include <functional>

#include "actors/link/memory_link.hpp"
#include "libflow/exchange/credit.hpp"
#include "libflow/exchange/input_gate.hpp"
#include "libflow/exchange/output_channels.hpp"
#include "test/actors/link/link_fixture.hpp"
#include "test/libflow/exchange/exchange_fixture.hpp"

using namespace flow;
using namespace flow::test;

namespace {

/// A channel with somebody at each end; `run_until` lets happen what its
/// transport does.
class transport {
public:
  virtual ~transport() = default;
  virtual expected<void> send(std::uint64_t sequence,
                              stream_element element) = 0;
  virtual void grant(std::uint32_t credits) = 0;
  virtual void run_until(const std::function<bool()>& done) = 0;
  virtual void cut() = 0;

  std::function<void(std::uint64_t, stream_element)> on_element;
  std::function<void(std::uint32_t)> on_credit;
  std::function<void(const error&)> on_consumer_broken = [](const error&) {};
  std::function<void(const error&)> on_producer_broken = [](const error&) {};
};

/// Runs what others post, on the thread of the test.
class mailbox {
public:
  void post(std::function<void()> what) {
    const std::lock_guard guard{mutex_};
    queue_.push_back(std::move(what));
    changed_.notify_all();
  }
  bool run_one(bool wait) {
    std::function<void()> next;
    {
      std::unique_lock lock{mutex_};
      if (wait)
        changed_.wait(lock, [&] { return !queue_.empty(); });
      if (queue_.empty())
        return false;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
    return true;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_; // guarded by mutex_
};

/// As between actors of one process: elements are handed over.
class local_transport final : public transport {
public:
  expected<void> send(std::uint64_t sequence, stream_element element) override {
    box_.post([this, sequence, element] { on_element(sequence, element); });
    return {};
  }
  void grant(std::uint32_t credits) override {
    box_.post([this, credits] { on_credit(credits); });
  }
  void run_until(const std::function<bool()>& done) override {
    while (!done())
      REQUIRE(box_.run_one(false));
  }
  void cut() override {
    box_.post([this] {
      on_consumer_broken({error_code::io, "cut"});
      on_producer_broken({error_code::io, "cut"});
    });
  }

private:
  mailbox box_;
};

/// Posts to a mailbox what a link brings to an end of the channel.
class posting_end final : public channel_end {
public:
  posting_end(transport& to, mailbox& box, bool consumer)
    : to_(to), box_(box), consumer_(consumer) {}

  void on_element(std::uint64_t sequence, stream_element&& element) override {
    box_.post([this, sequence, element] { to_.on_element(sequence, element); });
  }
  void on_credit(std::uint32_t credits) override {
    box_.post([this, credits] { to_.on_credit(credits); });
  }
  void on_broken(const error& why) override {
    box_.post([this, why] {
      consumer_ ? to_.on_consumer_broken(why) : to_.on_producer_broken(why);
    });
  }

private:
  transport& to_;
  mailbox& box_;
  const bool consumer_;
};

/// Gives the frames of one link to a switch.
class switch_handler final : public link_handler {
public:
  switch_handler(std::shared_ptr<channel_switch> to, const peer_link* from)
    : to_(std::move(to)), from_(from) {}
  expected<void> on_frame(const net::frame_view& frame) override {
    return to_->on_frame(*from_, frame);
  }
  void on_closed(const error& why) override { to_->on_closed(*from_, why); }

private:
  const std::shared_ptr<channel_switch> to_;
  const peer_link* const from_;
};

class remote_transport : public transport {
public:
  expected<void> send(std::uint64_t sequence, stream_element element) override {
    return elements_->send(sequence, element);
  }
  void grant(std::uint32_t credits) override { credit_->grant(credits); }

protected:
  /// A link from the producer's process and one from the consumer's.
  void connect(std::shared_ptr<peer_link> producer,
               std::shared_ptr<peer_link> consumer) {
    elements_ = producers_->add_producer(
      {0, attempt, 5}, std::move(producer), codec_,
      std::make_shared<posting_end>(*this, box_, false));
    credit_ = consumers_->add_consumer(
      {1, attempt, 5}, std::move(consumer), codec_,
      std::make_shared<posting_end>(*this, box_, true));
  }

  static constexpr std::uint32_t attempt = 3;
  const typed_batch_codec<std::uint64_t> codec_;
  mailbox box_;
  std::shared_ptr<channel_switch> producers_ =
    std::make_shared<channel_switch>(job_id{7, 7});
  std::shared_ptr<channel_switch> consumers_ =
    std::make_shared<channel_switch>(job_id{7, 7});

private:
  std::shared_ptr<element_way> elements_;
  std::shared_ptr<credit_way> credit_;
};

class memory_transport final : public remote_transport {
public:
  memory_transport() {
    std::tie(a_, b_) = memory_link::make_pair();
    a_->listen(std::make_shared<switch_handler>(producers_, a_.get()));
    b_->listen(std::make_shared<switch_handler>(consumers_, b_.get()));
    connect(a_, b_);
  }
  void run_until(const std::function<bool()>& done) override {
    while (!done())
      while (!box_.run_one(false))
        if (!a_->deliver() && !b_->deliver())
          break;
  }
  void cut() override { a_->close({error_code::io, "cut"}); }

private:
  std::shared_ptr<memory_link> a_;
  std::shared_ptr<memory_link> b_;
};

class socket_transport final : public remote_transport {
public:
  socket_transport() {
    auto started = link_host::start(
      identity("consumer"), "secret",
      [this](const std::shared_ptr<peer_link>& fresh, const net::handshake&) {
        accepted_.set(fresh);
        return std::make_shared<switch_handler>(consumers_, fresh.get());
      });
    REQUIRE(started);
    consumer_ = std::move(*started);
    started =
      link_host::start(identity("producer"), "secret",
                       [](const auto&, const auto&) { return nullptr; });
    REQUIRE(started);
    producer_ = std::move(*started);
    promised<std::shared_ptr<peer_link>> dialled;
    producer_->dial(
      consumer_->port(net::link_role::data), net::link_role::data,
      [&](const std::shared_ptr<peer_link>& fresh, const net::handshake&) {
        dialled.set(fresh);
        return std::make_shared<switch_handler>(producers_, fresh.get());
      },
      [](const error& why) { FAIL(why.text); });
    link_ = dialled.get();
    connect(link_, accepted_.get());
  }
  void run_until(const std::function<bool()>& done) override {
    while (!done())
      box_.run_one(true);
  }
  void cut() override { link_->close({error_code::io, "cut"}); }

private:
  promised<std::shared_ptr<peer_link>> accepted_;
  std::shared_ptr<peer_link> link_;
  std::unique_ptr<link_host> consumer_;
  std::unique_ptr<link_host> producer_;
};

/// A producer and a consumer as subtasks have them.
struct channel_under_test final : channel_sink {
  explicit channel_under_test(transport& way) : way_(way), output(*this, 1) {
    way_.on_element = [this](std::uint64_t sequence, stream_element element) {
      if (auto done = gate.enqueue(0, sequence, std::move(element)); !done)
        failure = done.error();
    };
    way_.on_credit = [this](std::uint32_t credits) {
      if (auto done = output.on_credit(0, credits); !done)
        failure = done.error();
    };
  }

  void send(std::size_t, std::uint64_t sequence,
            stream_element&& element) override {
    CHECK(way_.send(sequence, std::move(element)));
  }

  /// Takes what waits, and gives credit for it.
  void consume() {
    while (auto next = gate.next()) {
      taken.push_back(std::move(next->element));
      if (!taken.back().is_data())
        continue;
      if (const auto credits = grantor.on_processed(1); credits > 0)
        way_.grant(credits);
    }
  }

  transport& way_;
  output_channels output;
  input_gate gate{std::vector<std::size_t>{1}};
  credit_grantor grantor;
  std::vector<stream_element> taken;
  std::optional<error> failure;
};

} // namespace

TEST_CASE_TEMPLATE_DEFINE("a channel", Transport, channels) {
  Transport way;
  channel_under_test channel{way};

  SUBCASE("keeps order, and no more is under way than was granted") {
    constexpr std::uint64_t count = 2'000;
    way.grant(channel.grantor.start());
    std::uint64_t next = 0;
    std::size_t most = 0;
    way.run_until([&] {
      while (next < count && !channel.output.full()) {
        channel.output.offer(0, data(next));
        if (next++ % 10 == 0)
          channel.output.offer(
            0, stream_element::of_watermark(static_cast<timestamp>(next)));
      }
      most = std::max(most, channel.gate.buffered_batches());
      if (channel.gate.buffered_batches() >= limits::channel_window_credits / 2
          || next == count)
        channel.consume();
      return channel.failure || channel.taken.size() == count + count / 10;
    });
    CHECK(!channel.failure);
    CHECK(most <= limits::channel_window_credits);
    std::uint64_t expected_value = 0;
    for (const auto& each : channel.taken)
      if (each.is_data())
        CHECK(value_of(each) == expected_value++);
    CHECK(expected_value == count);
  }

  SUBCASE("sends no batch without credit, but what costs none") {
    channel.output.offer(0, stream_element::of_watermark(1));
    channel.output.offer(0, data(1));
    channel.output.offer(0, stream_element::of_watermark(2));
    way.run_until([&] { return channel.gate.buffered_elements() == 1; });
    CHECK(channel.output.full());
    way.grant(channel.grantor.start());
    way.run_until([&] { return channel.gate.buffered_elements() == 3; });
    CHECK(!channel.output.full());
  }

  SUBCASE("brings barriers and its end in their places") {
    way.grant(channel.grantor.start());
    channel.output.offer(0, data(1, 5));
    channel.output.offer(0, stream_element::of_barrier({1, 2, {}}));
    channel.output.offer(0, stream_element::of_end_of_data(end_mode::stopped));
    channel.output.offer(0, stream_element::of_end_of_partition());
    way.run_until([&] {
      channel.consume();
      return channel.taken.size() == 4;
    });
    CHECK(channel.taken[0].watermark() == 5);
    CHECK(channel.taken[1].barrier() == checkpoint_barrier{1, 2, {}});
    CHECK(channel.taken[2].ended() == end_mode::stopped);
    CHECK(!channel.gate.open(0));
  }
}

TEST_CASE_TEMPLATE_DEFINE("a channel in trouble", Transport, troubled) {
  Transport way;
  channel_under_test channel{way};

  SUBCASE("finds a gap") {
    CHECK(way.send(0, stream_element::of_watermark(1)));
    CHECK(way.send(2, stream_element::of_watermark(2)));
    way.run_until([&] { return channel.failure.has_value(); });
    CHECK(channel.failure->code == error_code::corrupt_data);
  }

  SUBCASE("finds more credit than its window") {
    way.grant(limits::channel_window_credits + 1);
    way.run_until([&] { return channel.failure.has_value(); });
    CHECK(channel.failure->code == error_code::corrupt_data);
  }

  SUBCASE("tells both ends when it breaks") {
    int broken = 0;
    way.on_consumer_broken = [&](const error& why) {
      CHECK(why.code == error_code::io);
      ++broken;
    };
    way.on_producer_broken = way.on_consumer_broken;
    way.cut();
    way.run_until([&] { return broken == 2; });
  }
}

TEST_CASE_TEMPLATE_INVOKE(channels, local_transport, memory_transport,
                          socket_transport);
TEST_CASE_TEMPLATE_INVOKE(troubled, local_transport, memory_transport,
                          socket_transport);

namespace {

/// Counts what comes to a channel's end.
struct counting_end final : channel_end {
  void on_element(std::uint64_t, stream_element&&) override { ++elements; }
  void on_credit(std::uint32_t) override { ++credits; }
  void on_broken(const error& why) override { broken = why.text; }
  int elements = 0;
  int credits = 0;
  std::string broken;
};

/// Two processes with a link in memory.
struct two_switches {
  std::shared_ptr<channel_switch> near =
    std::make_shared<channel_switch>(job_id{7, 7});
  std::shared_ptr<channel_switch> far =
    std::make_shared<channel_switch>(job_id{7, 7});
  std::shared_ptr<memory_link> a;
  std::shared_ptr<memory_link> b;
  typed_batch_codec<std::uint64_t> codec;
  std::shared_ptr<counting_end> end = std::make_shared<counting_end>();

  two_switches() {
    std::tie(a, b) = memory_link::make_pair();
    a->listen(std::make_shared<switch_handler>(near, a.get()));
    b->listen(std::make_shared<switch_handler>(far, b.get()));
  }
  void deliver_all() {
    while (a->deliver() || b->deliver()) {
    }
  }
};

} // namespace

TEST_CASE("what an attempt that is over still sends is dropped") {
  two_switches both;
  auto old_way = both.near->add_producer({0, 1, 5}, both.a, both.codec,
                                         std::make_shared<counting_end>());
  both.far->add_consumer({1, 2, 5}, both.b, both.codec, both.end);
  CHECK(old_way->send(0, stream_element::of_watermark(1)));
  both.deliver_all();
  CHECK(both.end->elements == 0);
  auto new_way = both.near->add_producer({0, 2, 5}, both.a, both.codec,
                                         std::make_shared<counting_end>());
  CHECK(new_way->send(0, stream_element::of_watermark(1)));
  both.deliver_all();
  CHECK(both.end->elements == 1);
}

TEST_CASE("what comes over another link than the channel's is dropped") {
  two_switches both;
  two_switches zombie; // a process that has been replaced
  zombie.b->listen(std::make_shared<switch_handler>(both.far, zombie.b.get()));
  both.far->add_consumer({1, 1, 5}, both.b, both.codec, both.end);
  auto way = zombie.near->add_producer({0, 1, 5}, zombie.a, zombie.codec,
                                       std::make_shared<counting_end>());
  CHECK(way->send(0, stream_element::of_watermark(1)));
  zombie.deliver_all();
  CHECK(both.end->elements == 0);
}

TEST_CASE("a task that has ended hears nothing of its channels") {
  two_switches both;
  auto way = both.near->add_producer({0, 1, 5}, both.a, both.codec,
                                     std::make_shared<counting_end>());
  both.far->add_consumer({1, 1, 5}, both.b, both.codec, both.end);
  both.far->remove(1, 1);
  CHECK(way->send(0, stream_element::of_watermark(1)));
  both.deliver_all();
  both.a->close({error_code::io, "cut"});
  both.deliver_all();
  CHECK(both.end->elements == 0);
  CHECK(both.end->broken.empty());
}

TEST_CASE("an element that cannot be read breaks the channel with its link") {
  two_switches both;
  const typed_batch_codec<std::string> other;
  auto way = both.near->add_producer({0, 1, 5}, both.a, other,
                                     std::make_shared<counting_end>());
  both.far->add_consumer({1, 1, 5}, both.b, both.codec, both.end);
  auto batch = record_batch<std::string>::make();
  batch->append(std::string{"abc"}, 0);
  CHECK(way->send(0, stream_element::of_data(batch_ptr{std::move(batch)})));
  both.deliver_all();
  CHECK(both.end->elements == 0);
  CHECK(both.end->broken.find("records cannot be read") != std::string::npos);
}
