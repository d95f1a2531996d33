#pragma once

#include "actors/messages/deploy_messages.hpp"
#include "actors/messages/source_messages.hpp"
#include "actors/messages/worker_messages.hpp"
#include "actors/support/caf.hpp"

namespace flow {

/// Stands beside a source's coordinator for one reader in another process:
///
///   (nextsplit_atom, subtask index)          worker -> relay -> coordinator
///   (relayed_atom, worker, worker_message)   relay -> worker: to send there
///   (cancel_atom)                            the coordinator has ended
FLOW_ATOM(relayed)

/// Owner: the worker actor.
class split_relay final : public caf::event_based_actor {
public:
  /// @param worker process of the reader, whose task and attempt are in
  ///        `question`
  split_relay(caf::actor_config& config, caf::actor owner,
              caf::actor coordinator, std::uint32_t worker,
              const split_question& question)
    : caf::event_based_actor(config), owner_(std::move(owner)),
      coordinator_(std::move(coordinator)), worker_(worker),
      task_(question.task), attempt_(question.attempt) {
    set_default_handler(caf::drop);
  }

  [[nodiscard]] const char* name() const override { return "split_relay"; }

  void on_exit() override {
    owner_ = {};
    coordinator_ = {};
  }

protected:
  caf::behavior make_behavior() override {
    return {
      [this](nextsplit_atom, std::uint32_t subtask) {
        send(coordinator_, nextsplit_atom::value, subtask);
      },
      [this](split_atom, const split_bytes& split) {
        answer({task_, attempt_, split.bytes, {}});
      },
      [this](nosplits_atom) {
        answer({task_, attempt_, {}, {}});
      },
      [this](splitfail_atom, const error& why) {
        answer({task_, attempt_, {}, why});
      },
      [this](trigger_atom, std::uint32_t, const checkpoint_barrier& barrier) {
        send(owner_, relayed_atom::value, worker_,
             worker_message{reader_trigger{task_, attempt_, barrier}});
      },
      [this](cancel_atom) { quit(); },
    };
  }

private:
  void answer(split_answer what) {
    send(owner_, relayed_atom::value, worker_, worker_message{std::move(what)});
  }

  caf::actor owner_;
  caf::actor coordinator_;
  const std::uint32_t worker_;
  const std::uint32_t task_;
  const std::uint32_t attempt_;
};

} // namespace flow
