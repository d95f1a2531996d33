#pragma once

#include <map>
#include <memory>

#include "actors/api/source_queue.hpp"
#include "actors/support/caf.hpp"

namespace flow {

/// The address of an actor source: takes records into the source's queue,
/// answers with credit, refuses what goes beyond it. Exists before its job
/// runs.
/// Owner: the handles. When the last is gone the source is closed; when the
/// job has ended, or its graph is gone, everything is refused.
class source_gateway final : public caf::event_based_actor {
public:
  source_gateway(caf::actor_config& config,
                 std::shared_ptr<source_queue> queue);

  [[nodiscard]] const char* name() const override { return "source_gateway"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  void on_attach();
  void on_batch(source_batch& batch);
  void on_taken();
  void on_resume();
  void on_settled(std::uint64_t count);
  void on_close();
  void on_over();
  void on_down(const caf::down_msg& down);

  void attach(const caf::strong_actor_ptr& from);
  void tell_resume(const caf::actor& to);

  std::shared_ptr<source_queue> queue_;
  /// Kept while they may get credit: a sender that only waits for it may be
  /// known to nobody else. Let go when nothing can be taken any more.
  std::map<source_queue::sender, caf::actor> senders_;
  bool told_closed_ = false;
};

} // namespace flow
