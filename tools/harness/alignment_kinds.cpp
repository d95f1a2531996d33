#include <map>
#include <utility>

#include "libflow/time/watermark_alignment.hpp"
#include "libflow/time/watermark_multiplexer.hpp"
#include "tools/harness/kind_entries.hpp"

namespace flow::harness {

namespace {

/// Several parts of one output; `immediate` and `deferred` take a watermark or
/// a status of one.
class multiplexer_subject final : public subject {
public:
  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"register", "add", "unregister", "remove", "immediate",
                  "deferred", "idle", "active", "periodic", "on_periodic",
                  "periodic_emit"});
    const std::string& name = step.name();
    const std::string id = id_of(step);
    if (name == "register" || name == "add")
      return parts_.add(id);
    if (name == "unregister" || name == "remove")
      put_out(parts_.remove(id));
    else if (name == "immediate")
      immediate(id, step);
    else if (name == "idle" || name == "active")
      put_out(parts_.immediate(id, name == "idle" ? stream_status::idle
                                                  : stream_status::active));
    else if (name == "deferred")
      deferred(id, step);
    else if (name.find("periodic") != std::string::npos)
      put_out(parts_.on_periodic());
    else
      unknown(name);
    return {};
  }

  std::vector<item> take() override { return std::exchange(out_, {}); }

private:
  static std::string id_of(const call_step& step) {
    for (const char* name : {"id", "output", "split"})
      if (step.has(name))
        return step.arg(name).dump();
    return step.arg("id", 0).dump();
  }
  static std::optional<stream_status> status_of(const call_step& step) {
    if (step.has("idle"))
      return stream_status::idle;
    if (step.has("active"))
      return stream_status::active;
    const value& status = step.arg("status");
    if (!status.is_text())
      return std::nullopt;
    return status.as_text() == "idle" ? stream_status::idle
                                      : stream_status::active;
  }
  static timestamp mark_of(const call_step& step) {
    return step.arg("watermark", 1).as_int();
  }

  void immediate(const std::string& id, const call_step& step) {
    if (const auto status = status_of(step))
      put_out(parts_.immediate(id, *status));
    else
      put_out(parts_.immediate(id, mark_of(step)));
  }
  void deferred(const std::string& id, const call_step& step) {
    if (const auto status = status_of(step))
      parts_.deferred(id, *status);
    else
      parts_.deferred(id, mark_of(step));
  }

  void put_out(const multiplexed& combined) {
    if (combined.status)
      out_.push_back(
        {item::kind::status, {}, min_timestamp, *combined.status, false});
    if (combined.watermark)
      out_.push_back(
        {item::kind::watermark, {}, *combined.watermark, {}, false});
  }

  watermark_multiplexer<std::string> parts_;
  std::vector<item> out_;
};

class group_subject final : public subject {
public:
  explicit group_subject(duration_ms drift) : drift_(drift) {}

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"report", "allowed"});
    const value& named =
      step.has("group", 0) ? step.arg("group", 0) : step.arg("value");
    auto& group = groups_.try_emplace(named.dump(), drift_).first->second;
    if (step.name() == "allowed")
      return group.allowed();
    if (step.name() != "report")
      unknown(step.name());
    group.report(static_cast<std::uint32_t>(step.arg("subtask", 1).as_int()),
                 step.arg("watermark", 2).as_int());
    return {};
  }

private:
  duration_ms drift_;
  std::map<std::string, alignment_group> groups_;
};

/// Reads its records in order; each is its own timestamp, and its watermark.
class source_subject final : public subject {
public:
  explicit source_subject(const value& records) {
    if (records.is_list())
      records_ = records.as_list();
  }

  void push(std::span<const element> elements, testing::channel_id) override {
    for (const element& each : elements)
      records_.push_back(each.stamp != min_timestamp ? value{each.stamp}
                                                     : each.payload);
  }

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"poll", "allow", "reported"});
    if (step.name() == "poll")
      return poll();
    if (step.name() == "reported")
      return source_.report() ? value{*source_.report()} : value{};
    if (step.name() != "allow")
      unknown(step.name());
    source_.allow(
      (step.has("watermark", 0) ? step.arg("watermark", 0) : step.arg("value"))
        .as_int());
    return {};
  }

  std::vector<item> take() override { return std::exchange(out_, {}); }

private:
  value poll() {
    if (source_.paused() || next_ == records_.size())
      return {};
    const value& record = records_[next_++];
    const timestamp stamp = time_of(record);
    const auto before = source_.report();
    source_.advance(stamp);
    out_.push_back({item::kind::record, record, stamp, {}, false});
    if (source_.report() != before)
      out_.push_back({item::kind::watermark, {}, *source_.report(), {}, false});
    return record;
  }

  static timestamp time_of(const value& record) {
    if (!record.is_map())
      return record.as_int();
    return (record["ts"].is_null() ? record["value"] : record["ts"]).as_int();
  }

  aligned_source source_;
  value::list records_;
  std::size_t next_ = 0;
  std::vector<item> out_;
};

} // namespace

std::vector<operator_kind_entry> alignment_kinds() {
  return {{"watermark_multiplexer",
           [](const value&, const placement&) {
             return std::make_unique<multiplexer_subject>();
           }},
          {"alignment_group",
           [](const value& of, const placement&) {
             return std::make_unique<group_subject>(
               duration_ms{of["drift_ms"].as_int()});
           }},
          {"aligned_source", [](const value& of, const placement&) {
             for (const char* name : {"records", "elements", "timestamps"})
               if (of[name].is_list())
                 return std::make_unique<source_subject>(of[name]);
             return std::make_unique<source_subject>(value{});
           }}};
}

} // namespace flow::harness
