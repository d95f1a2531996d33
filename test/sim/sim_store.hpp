#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "test/sim/fault_plan.hpp"
#include "test/sim/second_branch.hpp"

namespace flow::sim {

/// A store outside of the process, which loses nothing and does not hear a
/// process that is dead. Sometimes its answer to a commit is lost.
/// @thread one
class sim_store {
public:
  explicit sim_store(fault_plan& plan) : plan_(plan) {}
  sim_store(const sim_store&) = delete;
  sim_store& operator=(const sim_store&) = delete;

  /// For the process that starts now: two kinds of sinks. Those of former
  /// processes have no effect any more.
  [[nodiscard]] std::shared_ptr<const sink<branch_row>> transactional();
  [[nodiscard]] std::shared_ptr<const sink<branch_row>> write_ahead();

  /// The process has died.
  void forget_process() { ++generation_; }

  /// A job begins anew.
  void clear();

  /// All rows that show, in the order of their commits.
  [[nodiscard]] const std::vector<branch_row>& rows() const { return rows_; }

  /// Transactions that were begun and neither committed nor aborted.
  [[nodiscard]] std::size_t open_transactions() const { return open_.size(); }

private:
  class connection;
  class transaction_side;
  class batch_side;

  using batch = std::vector<branch_row>;

  fault_plan& plan_;
  std::uint64_t generation_ = 0;
  std::vector<branch_row> rows_;
  std::map<std::string, batch> open_; // by name
  std::set<std::string> committed_;   // names
};

} // namespace flow::sim
