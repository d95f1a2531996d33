#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "libflow/core/bytes.hpp"
#include "libflow/core/codec.hpp"
#include "libflow/core/error.hpp"

namespace flow {

/// The transactions of one writer between their barrier and their commit: what
/// has been prepared for which checkpoint, and what of it is to be committed
/// now. Knows no store. `Transaction` names a transaction so that whoever has
/// the name can commit it, also in another process and more than once.
///
/// Notifications may get lost, come late, or skip checkpoints: a completed one
/// commits everything that was prepared for it or before. One that was aborted
/// commits nothing; what was prepared for it goes with the next.
/// Owner: a sink's writer. @thread the subtask's
template <codable Transaction>
class two_phase_commit {
public:
  /// All that is to be committed with checkpoint `id`, from now on.
  void prepared(std::uint64_t id, Transaction what) {
    pending_[id].push_back(std::move(what));
  }

  /// One entry a pending transaction, for a snapshot.
  [[nodiscard]] std::vector<std::vector<std::byte>> entries() const {
    std::vector<std::vector<std::byte>> result;
    for (const auto& [id, all] : pending_)
      for (const Transaction& each : all) {
        byte_writer out{result.emplace_back()};
        out.write_int(id);
        codec<Transaction>::encode(each, out);
      }
    return result;
  }

  /// Commits, in the order of preparation, what the checkpoint and those before
  /// it hold. `commit` is expected<void>(const Transaction&) and must not mind
  /// a second call for the same. All are tried; what failed stays, and the
  /// first error is returned.
  template <class Commit>
  expected<void> completed(std::uint64_t id, Commit&& commit) {
    std::optional<error> first;
    for (auto it = pending_.begin(); it != pending_.end() && it->first <= id;) {
      std::vector<Transaction> failed;
      for (Transaction& each : it->second)
        if (auto done = commit(std::as_const(each)); !done) {
          first = first ? first : done.error();
          failed.push_back(std::move(each));
        }
      it->second = std::move(failed);
      it = it->second.empty() ? pending_.erase(it) : std::next(it);
    }
    return first ? expected<void>{std::move(*first)} : expected<void>{};
  }

  /// Commits what a restored checkpoint holds: it was prepared, and the
  /// checkpoint completed, whatever was done then.
  template <class Commit>
  expected<void> recover(std::span<const std::vector<std::byte>> entries,
                         Commit&& commit) {
    for (const auto& entry : entries) {
      byte_reader in{entry};
      std::uint64_t id = 0;
      Transaction what;
      if (!in.read_int(id) || !codec<Transaction>::decode(in, what)
          || !in.finished())
        return error{error_code::corrupt_data,
                     "a pending transaction cannot be read",
                     error_severity::fatal};
      prepared(id, std::move(what));
    }
    return completed(std::numeric_limits<std::uint64_t>::max(),
                     std::forward<Commit>(commit));
  }

  [[nodiscard]] bool empty() const noexcept { return pending_.empty(); }

private:
  std::map<std::uint64_t, std::vector<Transaction>> pending_; // by checkpoint
};

} // namespace flow
