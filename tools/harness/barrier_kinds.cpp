#include <list>
#include <memory>
#include <utility>

#include "libflow/exchange/barrier_aligner.hpp"
#include "libflow/exchange/barrier_tracker.hpp"
#include "tools/harness/kind_entries.hpp"

namespace flow::harness {

namespace {

std::string reason_of(barrier_abort why) {
  switch (why) {
  case barrier_abort::subsumed:
    return "subsumed";
  case barrier_abort::cancelled:
    return "cancelled";
  case barrier_abort::end_of_partition:
    return "end_of_partition";
  }
  return {};
}

/// A task with several channels that passes its elements on. What comes on a
/// blocked channel waits, in the order of arrival.
class barrier_subject final : public subject {
public:
  barrier_subject(std::unique_ptr<barrier_handler> handler,
                  std::size_t channels, bool tells_reasons)
    : handler_(std::move(handler)), channels_(channels),
      tells_reasons_(tells_reasons) {}

  void push(std::span<const element> elements,
            testing::channel_id at) override {
    for (const element& one : elements)
      arrive(at.channel, [this, one] {
        out_.push_back({item::kind::record, one.payload, one.stamp, {}, false});
      });
  }

  void end_input(testing::channel_id at) override {
    arrive(at.channel, [this, at] { handler_->end_of_partition(at.channel); });
  }

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"barrier", "cancel", "end_of_partition", "checkpoints",
                  "blocked", "latest", "pending"});
    const std::string& name = step.name();
    if (name == "checkpoints")
      return checkpoints();
    if (name == "blocked")
      return blocked();
    if (name == "latest")
      return handler_->latest() ? value{*handler_->latest()} : value{};
    if (name == "pending")
      return handler_->pending();
    if (name != "barrier" && name != "cancel" && name != "end_of_partition")
      unknown(name);
    const std::size_t channel = channel_of(step);
    const std::uint64_t id = name == "end_of_partition" ? 0 : id_of(step);
    arrive(channel, [this, name, channel, id] { act(name, channel, id); });
    return {};
  }

  std::vector<item> take() override { return std::exchange(out_, {}); }

private:
  using action = std::function<void()>;

  [[nodiscard]] std::size_t channel_of(const call_step& step) const {
    const value& ended = step.arg("value"); // {"end_of_partition": 1}
    const value& channel = step.name() == "end_of_partition" && ended.is_int()
                               && !step.has("channel")
                             ? ended
                             : step.arg("channel", 0);
    const auto found =
      static_cast<std::size_t>(channel.is_null() ? 0 : channel.as_int());
    if (found >= channels_)
      throw refusal("there is no channel " + channel.dump());
    return found;
  }
  [[nodiscard]] static std::uint64_t id_of(const call_step& step) {
    for (const char* name : {"id", "checkpoint", "checkpoint_id", "barrier"})
      if (step.has(name, 1))
        return static_cast<std::uint64_t>(step.arg(name, 1).as_int());
    throw unknown_feature("a barrier without an id");
  }

  void act(const std::string& name, std::size_t channel, std::uint64_t id) {
    if (name == "end_of_partition") {
      handler_->end_of_partition(channel);
    } else if (name == "cancel") {
      handler_->cancel(channel, id);
    } else {
      checkpoint_barrier barrier;
      barrier.checkpoint_id = id;
      handler_->barrier(channel, barrier);
    }
  }

  void arrive(std::size_t channel, action what) {
    waiting_.emplace_back(channel, std::move(what));
    for (auto first = waiting_.begin(); first != waiting_.end();) {
      if (handler_->blocked(first->first)) {
        ++first;
        continue;
      }
      const action next = std::move(first->second);
      waiting_.erase(first);
      next();
      first = waiting_.begin();
    }
  }

  value checkpoints() {
    value::list result;
    for (const barrier_event& event : handler_->take()) {
      const auto id = static_cast<std::int64_t>(event.barrier.checkpoint_id);
      if (!event.aborted) {
        result.push_back(value::map{{"triggered", id}});
        continue;
      }
      value::map aborted{{"aborted", id}};
      if (tells_reasons_)
        aborted["reason"] = reason_of(*event.aborted);
      result.push_back(std::move(aborted));
    }
    return result;
  }

  value blocked() const {
    value::list result;
    for (std::size_t i = 0; i < channels_; ++i)
      if (handler_->blocked(i))
        result.push_back(i);
    return result;
  }

  std::unique_ptr<barrier_handler> handler_;
  std::size_t channels_;
  bool tells_reasons_;
  std::list<std::pair<std::size_t, action>> waiting_;
  std::vector<item> out_;
};

template <class Handler>
std::unique_ptr<subject> make_barriers(const value& description,
                                       bool tells_reasons) {
  const auto channels =
    static_cast<std::size_t>(description["channels"].as_int());
  const value& after = description["checkpoints_after_finish"];
  return std::make_unique<barrier_subject>(
    std::make_unique<Handler>(channels, after.is_null() || after.as_bool()),
    channels, tells_reasons);
}

} // namespace

std::vector<operator_kind_entry> barrier_kinds() {
  return {{"barrier_aligner",
           [](const value& description, const placement&) {
             return make_barriers<barrier_aligner>(description, true);
           }},
          {"barrier_tracker", [](const value& description, const placement&) {
             return make_barriers<barrier_tracker>(description, false);
           }}};
}

} // namespace flow::harness
