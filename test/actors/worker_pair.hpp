#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/link/memory_link.hpp"
#include "actors/worker/worker_actor.hpp"
#include "test/actors/simulation.hpp"
#include "test/support/frames.hpp"

namespace flow {

/// What becomes of the bytes of a frame on their way: what arrives instead.
using frame_harm =
  std::function<std::vector<peer_link::buffer>(peer_link::buffer)>;

/// One end of a link whose frames come to harm on their way.
class harmed_link final : public peer_link {
public:
  harmed_link(std::shared_ptr<memory_link> inner, frame_harm harm)
    : inner_(std::move(inner)), harm_(std::move(harm)) {}

  buffer make_buffer() override { return {}; }
  void send(buffer frame) override {
    for (buffer& each : harm_(std::move(frame)))
      inner_->send(std::move(each));
  }
  [[nodiscard]] bool open() const override { return inner_->open(); }
  void close(error why) override { inner_->close(std::move(why)); }

private:
  const std::shared_ptr<memory_link> inner_;
  const frame_harm harm_;
};

/// Which link, and which way.
struct link_direction {
  enum class between : std::uint8_t { job_and_worker, control, data };
  between what = between::data;
  std::uint32_t from = 0; ///< worker; of job_and_worker the receiver
};

/// The processes of two workers in one thread, with links in memory; the test
/// is the process of the job. Subtask i of a vertex is in worker i modulo 2.
class worker_pair {
public:
  using harm_of = std::function<frame_harm(const link_direction&)>;

  worker_pair(std::shared_ptr<const job_graph> graph, harm_of harm)
    : graph_(std::make_shared<execution_graph>(graph)),
      ids_(graph_->subtasks()), harm_(std::move(harm)) {
    for (std::uint32_t number = 0; number < workers_.size(); ++number)
      begin(number, graph);
  }
  worker_pair(const worker_pair&) = delete;
  worker_pair& operator=(const worker_pair&) = delete;
  ~worker_pair() { kill_all(); }

  /// Deploys, connects and opens all tasks, and lets them work for a while.
  void run_job() {
    for (std::uint32_t number = 0; number < workers_.size(); ++number) {
      known_workers known;
      if (number == 1)
        known.others.push_back({0, 0, port_of(0, net::link_role::control),
                                port_of(0, net::link_role::data)});
      order(number, known);
    }
    for (std::uint32_t task = 0; task < ids_.size(); ++task)
      order(worker_of(task), deploy_order{task, attempt, {}, {}});
    for (std::uint32_t task = 0; task < ids_.size(); ++task)
      order(worker_of(task), wiring_of(task));
    for (std::uint32_t task = 0; task < ids_.size(); ++task)
      order(worker_of(task), task_order{task, attempt, task_action::open});
    for (int i = 0; i < 100 && !all_ended(); ++i)
      pass(std::chrono::milliseconds{10});
  }

  /// Whether the worker still answers. One whose link to the job has ended does
  /// not live on: see `ended`.
  bool answers(std::uint32_t number) {
    answered_ = false;
    // Twice: the first may be what a harm holds back.
    for (int i = 0; i < 2 && !answered_; ++i)
      order(number, explanation_question{question, 0, attempt, true});
    return answered_;
  }

  void pass(std::chrono::milliseconds time) {
    world_.advance(time);
    run();
  }

  [[nodiscard]] bool all_ended() const {
    std::size_t terminal = 0;
    for (const auto& [task, report] : reports)
      terminal += is_terminal(report.state) ? 1 : 0;
    return terminal == ids_.size();
  }

  std::map<std::uint32_t, task_report> reports; ///< the last of each task
  std::array<std::string, 2> ended; ///< why a worker's process has; empty: no
  int closed = 0;                   ///< links between the workers
  bool busy_for_ever = false; ///< a task has no time for a step, and no thread
                              ///< of its own here

private:
  static constexpr std::uint32_t attempt = 1;
  static constexpr std::uint64_t question = 77;

  /// Listens at the test's end of a worker's link.
  class job_end final : public link_handler {
  public:
    explicit job_end(worker_pair& owner) : owner_(owner) {}
    expected<void> on_frame(const net::frame_view& frame) override {
      auto message = messages_.accept(frame);
      REQUIRE(message);
      if (*message)
        owner_.take(**message);
      return {};
    }
    void on_closed(const error&) override {}

  private:
    worker_pair& owner_;
    message_receiver messages_;
  };

  /// Ends in the other worker instead of in sockets.
  class host final : public link_host {
  public:
    host(worker_pair& owner, std::uint32_t number)
      : owner_(owner), number_(number) {}
    [[nodiscard]] std::uint16_t port(net::link_role role) const override {
      return port_of(number_, role);
    }
    void dial(std::uint16_t port, net::link_role role, opened on_open,
              failed on_failure) override {
      const std::uint32_t other = 1 - number_;
      if (port != port_of(other, role) || owner_.dials_left_-- <= 0)
        on_failure({error_code::io, "nobody listens"});
      else
        owner_.connect(number_, other, role, on_open);
    }

  private:
    worker_pair& owner_;
    const std::uint32_t number_;
  };

  /// Counts the end of a link, and passes everything on.
  class watching final : public link_handler {
  public:
    watching(worker_pair& owner, std::shared_ptr<link_handler> inner)
      : owner_(owner), inner_(std::move(inner)) {}
    expected<void> on_frame(const net::frame_view& frame) override {
      return inner_->on_frame(frame);
    }
    void on_closed(const error& why) override {
      CHECK(!why.text.empty());
      ++owner_.closed;
      inner_->on_closed(why);
    }

  private:
    worker_pair& owner_;
    const std::shared_ptr<link_handler> inner_;
  };

  struct worker {
    std::shared_ptr<channel_switch> channels =
      std::make_shared<channel_switch>(job_id{7, 7});
    std::unique_ptr<host> links;
    std::atomic<bool> fenced{false};
    caf::actor actor;
    std::optional<message_sender> orders;
  };

  static std::uint16_t port_of(std::uint32_t number, net::link_role role) {
    return static_cast<std::uint16_t>(1'000 + 10 * number
                                      + static_cast<std::uint32_t>(role));
  }
  static std::uint32_t worker_of(subtask_id id) { return id.index % 2; }
  [[nodiscard]] std::uint32_t worker_of(std::uint32_t task) const {
    return worker_of(ids_[task]);
  }
  [[nodiscard]] std::uint32_t number_of(subtask_id id) const {
    return static_cast<std::uint32_t>(std::ranges::find(ids_, id)
                                      - ids_.begin());
  }

  void begin(std::uint32_t number, std::shared_ptr<const job_graph> graph) {
    worker& fresh = workers_[number];
    fresh.links = std::make_unique<host>(*this, number);
    fresh.actor = world_.system.spawn<worker_actor>(
      world_.context,
      worker_setup{number, 0, std::move(graph), fresh.channels,
                   [this, number] { ended[number] = "it was told to"; }});
    auto [here, there] = memory_link::make_pair();
    here->listen(std::make_shared<job_end>(*this));
    there->listen(std::make_shared<job_link_handler>(
      fresh.actor, fresh.fenced,
      [this, number](const std::string& why) { ended[number] = why; }));
    fresh.orders.emplace(std::make_shared<harmed_link>(
      here, harm_({link_direction::between::job_and_worker, number})));
    ends_.push_back(here);
    ends_.push_back(there);
    caf::anon_send(fresh.actor, start_atom::value,
                   worker_start{fresh.links.get(), there});
    run();
  }

  void connect(std::uint32_t from, std::uint32_t to, net::link_role role,
               const link_host::opened& on_open) {
    const auto what = role == net::link_role::data
                        ? link_direction::between::data
                        : link_direction::between::control;
    auto [near, far] = memory_link::make_pair();
    const auto at_near =
      std::make_shared<harmed_link>(near, harm_({what, from}));
    const auto at_far = std::make_shared<harmed_link>(far, harm_({what, to}));
    far->listen(std::make_shared<watching>(
      *this, open_link(workers_[to].actor, workers_[to].channels,
                       {from, 0, role}, at_far)));
    net::handshake peer;
    peer.worker = handshake_name(to);
    peer.role = role;
    if (auto handler = on_open(at_near, peer))
      near->listen(std::make_shared<watching>(*this, std::move(handler)));
    else // it is not who was wanted
      near->close({error_code::cancelled, "nobody listens"});
    ends_.push_back(near);
    ends_.push_back(far);
  }

  [[nodiscard]] wiring_order wiring_of(std::uint32_t task) const {
    const subtask_id id = ids_[task];
    wiring_order result{task, attempt, {}, {}, {}};
    for (const edge_id edge : graph_->job().vertex(id.vertex).outputs) {
      auto& port = result.outputs.emplace_back();
      for (const auto& channel : graph_->outputs_of(id, edge))
        port.push_back({worker_of(channel.consumer),
                        number_of(channel.consumer), channel.input_channel});
    }
    for (const auto& channel : graph_->inputs_of(id)) {
      const auto& ports = graph_->job().vertex(channel.producer.vertex).outputs;
      const auto port = std::ranges::find(ports, channel.edge) - ports.begin();
      result.inputs.push_back(
        {worker_of(channel.producer), number_of(channel.producer),
         static_cast<std::uint32_t>(port), channel.output_channel});
    }
    return result;
  }

  void order(std::uint32_t number, const worker_message& what) {
    workers_[number].orders->send(what);
    run();
  }

  void take(const worker_message& what) {
    if (const auto* changed = std::get_if<task_changed>(&what))
      reports[changed->report.task] = changed->report;
    else if (const auto* answer = std::get_if<explanation_answer>(&what))
      answered_ = answered_ || answer->number == question;
  }

  /// Until nothing is under way, or for long: a task that was given no time
  /// for a step has always something to do.
  void run() {
    int patience = 20;
    for (bool more = true; more && patience > 0;) {
      patience = run_actors() ? 20 : patience - 1;
      busy_for_ever = busy_for_ever || patience == 0;
      more = false;
      for (std::size_t i = 0; i < ends_.size(); ++i)
        for (int frames = 0; frames < 4'000 && ends_[i]->deliver(); ++frames)
          more = true;
      more = more || world_.scheduler().has_job();
    }
  }

  /// False when they still have something to do.
  bool run_actors() {
    auto& scheduler = world_.scheduler();
    for (int steps = 2'000; scheduler.has_job() && steps > 0; --steps) {
      auto* actor = dynamic_cast<caf::scheduled_actor*>(scheduler.jobs.front());
      if (actor != nullptr)
        actors_.emplace(actor->id(), actor->address());
      scheduler.run_once();
    }
    return !scheduler.has_job();
  }

  void kill_all() {
    for (worker& each : workers_)
      each.actor = {};
    for (const auto& each : ends_)
      each->close({error_code::cancelled, "the test is over"});
    run_actors();
    for (const auto& [id, address] : actors_)
      if (auto handle = caf::actor_cast<caf::actor>(address))
        caf::anon_send_exit(handle, caf::exit_reason::kill);
    run_actors();
  }

  simulation world_;
  const std::shared_ptr<const execution_graph> graph_;
  const std::vector<subtask_id> ids_;
  const harm_of harm_;
  std::array<worker, 2> workers_;
  std::vector<std::shared_ptr<memory_link>> ends_;
  std::map<caf::actor_id, caf::actor_addr> actors_;
  bool answered_ = false;
  int dials_left_ = 4; // a link that has ended is dialled again, for ever
};

} // namespace flow
