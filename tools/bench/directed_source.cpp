#include "tools/bench/directed_source.hpp"

#include <stdexcept>

namespace flow::bench {

namespace {

class reader final : public source_reader<directed_event> {
public:
  explicit reader(director& from) : director_(&from) {}

  expected<void> open(source_context& context) override {
    index_ = context.subtask_index();
    step_ = context.parallelism();
    attempt_ = context.attempt();
    random_ = random_numbers{index_ + 1};
    return {};
  }

  expected<poll_result> poll(record_batch<directed_event>& out,
                             std::size_t room) override {
    const auto command = director_->current();
    if (command.number != seen_) {
      seen_ = command.number;
      next_ = 0;
      since_ = now();
    }
    switch (command.what) {
    case order::fill:
    case order::check:
      return every_key(command.what, out, room);
    case order::update:
      return updates(out, room);
    case order::fail:
      if (attempt_ == 1)
        throw std::runtime_error{"the bench asks for a restart"};
      return pause();
    case order::wait:
      break;
    }
    return pause();
  }

  void stop() override {}

private:
  static poll_result pause() {
    return {poll_status::waiting, std::chrono::milliseconds{1}};
  }

  poll_result every_key(order what, record_batch<directed_event>& out,
                        std::size_t room) {
    const std::uint64_t own = (director_->keys() + step_ - 1 - index_) / step_;
    for (; room > 0 && next_ < own && !out.at_target(); --room, ++next_)
      out.append({next_ * step_ + index_, 0, what}, min_timestamp);
    return next_ < own ? poll_result{poll_status::more, {}} : pause();
  }

  poll_result updates(record_batch<directed_event>& out, std::size_t room) {
    std::uint64_t due = room;
    const double rate = director_->rate();
    if (rate > 0) {
      const double seconds =
        std::chrono::duration<double>(now() - since_).count();
      due = std::min<std::uint64_t>(
        room, static_cast<std::uint64_t>(seconds * rate) - next_);
    }
    if (due == 0)
      return pause();
    if (director_->watches_gaps())
      gaps_.mark(*director_);
    for (std::uint64_t i = 0; i < due; ++i, ++next_)
      out.append({(random_.next() >> 32) * director_->keys() >> 32, next_ + 1,
                  order::update},
                 min_timestamp);
    return rate > 0 && due < room ? pause()
                                  : poll_result{poll_status::more, {}};
  }

  director* director_; // not owned
  std::uint64_t index_ = 0;
  std::uint64_t step_ = 1;
  std::uint32_t attempt_ = 1;
  random_numbers random_{1};
  std::uint64_t seen_ = 0; // number of the order at hand
  std::uint64_t next_ = 0; // records of it so far
  nanoseconds since_{0};   // its begin
  gap_meter gaps_;
};

} // namespace

std::unique_ptr<source_reader<directed_event>>
directed_source::make_reader() const {
  return std::make_unique<reader>(*director_);
}

} // namespace flow::bench
