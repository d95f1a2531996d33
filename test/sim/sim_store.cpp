#include "test/sim/sim_store.hpp"

#include "libflow/connectors/transactions/two_phase_commit_sink.hpp"
#include "libflow/connectors/transactions/write_ahead_sink.hpp"

namespace flow::sim {

/// What both kinds of sinks have of the store.
class sim_store::connection {
public:
  explicit connection(sim_store& store)
    : store_(store), generation_(store.generation_) {}

protected:
  [[nodiscard]] expected<void> reached() const {
    if (generation_ == store_.generation_)
      return {};
    return failure("the process is dead");
  }

  /// The store has done what it was told, which its client may not get to know.
  expected<void> answered() {
    if (store_.plan_.strikes(fault::lost_answer, 32))
      return failure("the store does not answer");
    return {};
  }

  void show(const std::string& name, std::span<const branch_row> rows) {
    store_.rows_.insert(store_.rows_.end(), rows.begin(), rows.end());
    store_.committed_.insert(name);
  }

  static error failure(const std::string& why) {
    return {error_code::io, why, error_severity::retryable};
  }

  sim_store& store_;

private:
  std::uint64_t generation_;
};

class sim_store::transaction_side final
  : public transaction_target<branch_row, std::string>,
    private sim_store::connection {
public:
  using connection::connection;

  expected<std::string> begin(const std::string& name) override {
    if (auto there = reached(); !there)
      return there.error();
    if (store_.committed_.contains(name)
        || !store_.open_.try_emplace(name).second)
      return error{error_code::corrupt_data,
                   "transaction " + name + " is begun twice",
                   error_severity::fatal};
    return name;
  }

  expected<void> write(std::string& into, std::span<const branch_row> values,
                       std::span<const timestamp>) override {
    if (auto there = reached(); !there)
      return there;
    auto& rows = store_.open_[into];
    rows.insert(rows.end(), values.begin(), values.end());
    return {};
  }

  expected<void> pre_commit(std::string&) override { return reached(); }

  expected<void> commit(const std::string& what) override {
    if (auto there = reached(); !there)
      return there;
    const auto found = store_.open_.find(what);
    if (found != store_.open_.end()) {
      show(what, found->second);
      store_.open_.erase(found);
    } else if (!store_.committed_.contains(what)) {
      return error{error_code::corrupt_data,
                   "transaction " + what + " is not there any more",
                   error_severity::fatal};
    }
    return answered();
  }

  expected<void> abort(const std::string& what) override {
    if (auto there = reached(); !there)
      return there;
    store_.open_.erase(what);
    return {};
  }

  expected<void> abort_left_over(const std::string& job_and_operator,
                                 std::uint32_t index, std::uint32_t parallelism,
                                 const std::string& run) override {
    if (auto there = reached(); !there)
      return there;
    std::erase_if(store_.open_, [&](const auto& each) {
      const std::string& name = each.first;
      if (!name.starts_with(job_and_operator))
        return false;
      const auto writer = name.substr(job_and_operator.size());
      return std::stoul(writer) % parallelism == index
             && !writer.substr(writer.find('.') + 1).starts_with(run + ".");
    });
    return {};
  }
};

class sim_store::batch_side final : public write_ahead_target<branch_row>,
                                    private sim_store::connection {
public:
  using connection::connection;

  expected<bool> has(const std::string& name) override {
    if (auto there = reached(); !there)
      return there.error();
    return store_.committed_.contains(name);
  }

  expected<void> commit(const std::string& name,
                        std::span<const branch_row> rows) override {
    if (auto there = reached(); !there)
      return there;
    show(name, rows);
    return answered();
  }
};

std::shared_ptr<const sink<branch_row>> sim_store::transactional() {
  return std::make_shared<two_phase_commit_sink<branch_row, std::string>>(
    "store", [this] { return std::make_unique<transaction_side>(*this); });
}

std::shared_ptr<const sink<branch_row>> sim_store::write_ahead() {
  return std::make_shared<write_ahead_sink<branch_row>>(
    "log", [this] { return std::make_unique<batch_side>(*this); }, true);
}

void sim_store::clear() {
  rows_.clear();
  open_.clear();
  committed_.clear();
}

} // namespace flow::sim
