#pragma once

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "actors/support/caf.hpp"
#include "libflow/api/async_stream.hpp"

namespace flow {

/// An asynchronous function that asks an actor: see ask_actor().
/// Owner: the operator, a copy for each subtask; it does not keep the actor.
/// @thread the subtask; answers come on the actors' threads
template <class Out, class Make>
class actor_question {
public:
  actor_question(const caf::actor& target, std::string name, Make make,
                 std::chrono::milliseconds patience)
    : target_(target.address()), name_(std::move(name)), make_(std::move(make)),
      patience_(patience), system_(&target.home_system()) {}

  template <class T>
  void operator()(const T& value, async_promise<Out> promise) {
    const auto target = caf::actor_cast<caf::actor>(target_);
    if (!target) {
      promise.fail("the actor \"" + name_ + "\" has ended");
      return;
    }
    // Lives as long as its question.
    system_->spawn([target, promise, question = caf::message{make_(value)},
                    patience = patience_,
                    name = name_](caf::event_based_actor* self) {
      self->request(target, patience, question)
        .then([promise](Out& answer) { promise.complete(std::move(answer)); },
              [promise, name, self](const caf::error& why) {
                promise.fail("the actor \"" + name
                             + "\": " + self->system().render(why));
              });
    });
  }

private:
  caf::actor_addr target_; // weak: the graph must not keep it
  std::string name_;
  Make make_;
  std::chrono::milliseconds patience_;
  caf::actor_system* system_;
};

/// Has `async_ordered` and `async_unordered` ask an actor: `make(const T&)`
/// gives the message, the actor answers with an `Out`.
///
///     orders.async_unordered<price>(
///       flow::ask_actor<price>(prices, "prices", [](const order& o) {
///         return caf::make_message(look_up_atom::value, o.symbol);
///       }), {.capacity = 100, .attempts = 3, .retry_delay = 50ms});
///
/// An error as answer, no answer within `patience` and an actor that has ended
/// fail the request, which is made again as often as the options say.
/// Cost of a question: an actor of its own, a few microseconds.
/// @param target kept alive by the program until the job has ended
/// @param name   of the actor, in messages of failures
template <class Out, class Make>
[[nodiscard]] actor_question<Out, Make>
ask_actor(const caf::actor& target, std::string name, Make make,
          std::chrono::milliseconds patience = std::chrono::seconds{10}) {
  return {target, std::move(name), std::move(make), patience};
}

} // namespace flow
