#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libflow/connectors/csv/csv_writer.hpp"
#include "libflow/connectors/files/part_writer.hpp"
#include "libflow/flow.hpp"

namespace nexmark {

/// A bid as q10 files it.
struct filed_bid {
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  flow::timestamp date_time = 0;
  flow::text extra;
};

/// Minutes since 1970 of a bid, which are its partition.
[[nodiscard]] std::int64_t partition_of(const filed_bid& each);

/// The partition's folder below that of the results:
/// `dt=<YYYY-MM-DD>/hm=<HH:MM>`.
[[nodiscard]] std::string partition_folder(std::int64_t partition);

/// Marks a partition whose bids are all there.
inline constexpr const char* success_file = "_SUCCESS";

/// Files bids as CSV into a folder per minute, exactly once: parts become
/// visible like those of a file_sink. A partition gets its `_SUCCESS` with the
/// first checkpoint after event time has passed its end by a minute and the
/// bound of disorder, all others when the stream has ended.
/// The stream has to be partitioned by partition_of(), so that a partition has
/// one writer.
std::shared_ptr<const flow::sink<filed_bid>>
make_partitioned_sink(std::shared_ptr<flow::file_system> files,
                      std::string folder, flow::duration_ms out_of_orderness);

/// Removes what an earlier run left in the partitions below `folder`.
flow::expected<void> remove_partitions(flow::file_system& files,
                                       const std::string& folder);

/// Removes parts that nothing will commit any more.
flow::expected<void> remove_hidden_partition_parts(flow::file_system& files,
                                                   const std::string& folder);

} // namespace nexmark
