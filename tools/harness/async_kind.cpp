#include <algorithm>
#include <memory>
#include <utility>

#include "libflow/api/async_stream.hpp"
#include "libflow/testing/harness_of.hpp"
#include "tools/harness/kind_entries.hpp"
#include "tools/harness/operator_subject.hpp"

namespace flow::harness {

namespace {

/// The requests that the case has to answer, in the order of their making.
struct open_requests {
  struct request {
    value payload;
    async_promise<value> promise;
  };
  std::vector<request> list;
};

/// Hands its promises to the case; each instance begins anew.
struct ask_the_case {
  std::shared_ptr<open_requests> requests;

  void open(runtime_context&) { requests->list.clear(); }
  void operator()(const value& record, async_promise<value> promise) {
    requests->list.push_back({record["value"], std::move(promise)});
  }
};

/// The same; what takes too long is answered with three times its value.
struct ask_or_triple : ask_the_case {
  void timeout(const value& record, async_promise<value> promise) {
    const value payload = record["value"];
    std::erase_if(requests->list,
                  [&](const auto& each) { return each.payload == payload; });
    promise.complete(value{payload.as_int() * 3});
  }
};

class async_subject final : public operator_subject {
public:
  async_subject(operator_plan plan, const placement& where,
                std::shared_ptr<open_requests> requests)
    : operator_subject(std::move(plan), where), requests_(std::move(requests)) {
  }

  /// Not for restarts amid a case: a new instance asks anew, with timeouts that
  /// begin then, so that other requests are open than the case speaks of.
  [[nodiscard]] bool has_state() const override { return false; }

  void processing_time(timestamp now) override {
    now_ = now;
    operator_subject::processing_time(now);
  }

  value call(const call_step& asked) override {
    call_step step = asked;
    step.resolve({"complete", "fail", "in_flight", "in-flight", "inflight",
                  "can_accept", "can-accept"});
    if (step.name() == "complete")
      return complete(step);
    if (step.name() == "fail")
      return fail(step);
    if (step.name().starts_with("in"))
      return in_flight();
    if (step.name().starts_with("can"))
      return dynamic_cast<async_inspection&>(op()).can_accept();
    unknown(step.name());
  }

private:
  value complete(const call_step& step) {
    const auto request = take(step.arg("value", 0));
    const value& given =
      step.has("results", 1) ? step.arg("results", 1) : step.arg("result", 1);
    value::list results;
    if (given.is_list())
      results = given.as_list();
    else if (!given.is_null())
      results.push_back(given);
    request.promise.complete(std::move(results));
    look();
    return {};
  }

  value fail(const call_step& step) {
    const auto request = take(step.arg("value", 0));
    request.promise.fail("the case failed the request");
    look();
    return {};
  }

  open_requests::request take(const value& payload) {
    auto& list = requests_->list;
    const auto found = std::ranges::find_if(list, [&](const auto& each) {
      return same_result(payload, each.payload);
    });
    if (found == list.end())
      throw refusal("no request of " + payload.dump() + " is open");
    auto request = std::move(*found);
    list.erase(found);
    return request;
  }

  [[nodiscard]] value in_flight() const {
    value::list payloads;
    for (const auto& each : requests_->list)
      payloads.push_back(each.payload);
    return payloads;
  }

  /// Has the operator take the answer, as a woken task does.
  void look() { operator_subject::processing_time(now_); }

  std::shared_ptr<open_requests> requests_;
  timestamp now_ = 0;
};

template <class Function>
operator_plan plan_with(Function function, const value& of,
                        const async_options& options) {
  const bool ordered = of["mode"].as_text() == "ordered";
  auto make = testing::operator_of<value>([&](auto in) {
    return ordered ? in.template async_ordered<value>(function, options)
                   : in.template async_unordered<value>(function, options);
  });
  return plan_of(*make);
}

std::unique_ptr<subject> make_async(const value& of, const placement& where) {
  async_options options;
  if (!of["capacity"].is_null())
    options.capacity = static_cast<std::size_t>(of["capacity"].as_int());
  if (!of["timeout_ms"].is_null())
    options.timeout = duration_ms{of["timeout_ms"].as_int()};
  if (!of["attempts"].is_null())
    options.attempts = static_cast<std::uint32_t>(of["attempts"].as_int());
  auto requests = std::make_shared<open_requests>();
  const ask_the_case ask{requests};
  const bool triples =
    of["on_timeout"].is_text() && of["on_timeout"].as_text() == "times_three";
  auto plan = triples ? plan_with(ask_or_triple{ask}, of, options)
                      : plan_with(ask, of, options);
  return std::make_unique<async_subject>(std::move(plan), where,
                                         std::move(requests));
}

} // namespace

std::vector<operator_kind_entry> async_kinds() {
  return {{"async_wait", make_async}};
}

} // namespace flow::harness
