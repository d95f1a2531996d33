#include "apps/nexmark/queries/partitions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "apps/nexmark/queries/calendar.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/connectors/files/output_directory.hpp"

namespace nexmark {

namespace {

constexpr const char* header = "auction,bidder,price,dateTime,extra\n";

/// Calls f(path) for the folder of each partition.
template <class F>
flow::expected<void> for_partitions(flow::file_system& files,
                                    const std::string& folder, F&& f) {
  const auto kind = files.kind_of(folder);
  if (!kind)
    return kind.error();
  if (*kind == flow::file_kind::none)
    return {};
  const auto days = files.list(folder);
  if (!days)
    return days.error();
  for (const auto& day : *days) {
    if (!day.name.starts_with("dt="))
      continue;
    const std::string path = folder + "/" + day.name;
    const auto minutes = files.list(path);
    if (!minutes)
      return minutes.error();
    for (const auto& minute : *minutes)
      if (minute.name.starts_with("hm="))
        if (auto done = f(path + "/" + minute.name); !done)
          return done;
  }
  return {};
}

/// Removes the parts of a partition: all, or hidden ones.
flow::expected<void> remove_parts(flow::file_system& files,
                                  const std::string& path, bool hidden_only) {
  const auto entries = files.list(path);
  if (!entries)
    return entries.error();
  for (const auto& each : *entries) {
    const auto part = flow::parse_part_name(each.name);
    const bool ours = part ? part->hidden || !hidden_only
                           : each.name == success_file && !hidden_only;
    if (!ours)
      continue;
    if (auto done = files.remove_file(path + "/" + each.name); !done)
      return done.error();
  }
  return {};
}

class writer final : public flow::sink_writer<filed_bid> {
public:
  writer(std::shared_ptr<flow::file_system> files, std::string folder,
         flow::duration_ms out_of_orderness)
    : files_(std::move(files)), folder_(std::move(folder)),
      patience_(ms_per_minute + out_of_orderness.count()) {}

  flow::expected<void> open(flow::runtime_context& context) override {
    index_ = context.subtask_index();
    parallelism_ = context.parallelism();
    tag_ = context.job_id() + "." + context.operator_id() + "." + context.run();
    return files_->make_directories(folder_);
  }

  flow::expected<void> write(std::span<const filed_bid> bids,
                             std::span<const flow::timestamp>) override {
    for (const filed_bid& each : bids) {
      latest_ = std::max(latest_, each.date_time);
      auto found = find(partition_of(each));
      if (!found)
        return found.error();
      auto& rows = (*found)->rows;
      rows.integer(each.auction)
        .integer(each.bidder)
        .integer(each.price)
        .integer(each.date_time)
        .text(each.extra)
        .end_row();
      if (rows.bytes().size() >= buffer_bytes)
        if (auto done = write_rows(**found); !done)
          return done;
    }
    return {};
  }

  /// Seals all parts. Partitions that event time has passed are closed.
  flow::expected<flow::writer_snapshot>
  snapshot(const flow::snapshot_context& context) override {
    for (auto at = open_.begin(); at != open_.end();) {
      auto& [number, partition] = *at;
      if (auto done = write_rows(partition); !done)
        return done.error();
      auto sealed = partition.parts->seal();
      for (const auto& part : sealed.parts)
        commits_.prepared(context.checkpoint_id, part);
      undurable_->add(std::move(sealed));
      const bool passed = latest_ >= (number + 1) * ms_per_minute + patience_;
      if (passed || context.final)
        closed_[context.checkpoint_id].insert(number);
      at = passed ? open_.erase(at) : std::next(at);
    }
    last_ = nullptr;
    final_ = final_ || context.final;
    return flow::writer_snapshot{
      commits_.entries(),
      [parts = undurable_, files = files_] { return parts->sync(); }};
  }

  flow::expected<void>
  restore(std::span<const std::vector<std::byte>> entries) override {
    return commits_.recover(entries, commit());
  }

  flow::expected<void> checkpoint_completed(std::uint64_t id) override {
    if (auto done = commits_.completed(id, commit()); !done)
      return done;
    if (auto done = mark_closed(id); !done)
      return done;
    if (!std::exchange(cleaned_, true))
      if (auto done = remove_stale(); !done)
        return done;
    return final_ ? mark_all() : flow::expected<void>{};
  }

  void close() override {
    for (auto& [number, partition] : open_)
      (void)partition.parts->abort();
  }

private:
  static constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

  struct open_partition {
    flow::csv_writer rows;
    std::optional<flow::part_writer> parts;
  };

  flow::expected<open_partition*> find(std::int64_t number) {
    if (last_ != nullptr && last_number_ == number)
      return last_;
    auto& found = open_[number];
    if (!found.parts) {
      const std::string path = folder_ + "/" + partition_folder(number);
      if (auto done = files_->make_directories(path); !done)
        return done.error();
      const auto first = flow::next_part_number(*files_, path);
      if (!first)
        return first.error();
      found.parts.emplace(
        *files_, flow::part_settings{path, index_, tag_, header, *first});
    }
    last_ = &found;
    last_number_ = number;
    return last_;
  }

  static flow::expected<void> write_rows(open_partition& to) {
    auto done = to.parts->write(to.rows.bytes());
    to.rows.clear();
    return done;
  }

  flow::expected<void> mark_closed(std::uint64_t id) {
    for (auto at = closed_.begin(); at != closed_.end() && at->first <= id;
         at = closed_.erase(at))
      for (const std::int64_t number : at->second)
        if (auto done = mark(folder_ + "/" + partition_folder(number)); !done)
          return done;
    return {};
  }

  /// Also partitions that a former attempt wrote and did not come to mark;
  /// each is marked by the writer whose it is.
  flow::expected<void> mark_all() {
    return index_ != 0 ? flow::expected<void>{}
                       : for_partitions(*files_, folder_,
                                        [this](const std::string& path) {
                                          return mark(path);
                                        });
  }

  flow::expected<void> mark(const std::string& path) {
    const std::string name = path + "/" + success_file;
    const auto kind = files_->kind_of(name);
    if (!kind)
      return kind.error();
    if (*kind != flow::file_kind::none)
      return {};
    auto file = files_->create(name);
    if (!file) // another writer was faster
      return files_->kind_of(name)
                 && *files_->kind_of(name) == flow::file_kind::regular
               ? flow::expected<void>{}
               : file.error();
    if (auto done = (*file)->sync(); !done)
      return done;
    if (auto done = (*file)->close(); !done)
      return done;
    return files_->sync_directory(path);
  }

  flow::expected<void> remove_stale() {
    return for_partitions(*files_, folder_, [this](const std::string& path) {
      return flow::remove_stale_parts(*files_, path, index_, parallelism_,
                                      tag_);
    });
  }

  /// Makes a part visible.
  struct committer {
    flow::file_system& files;
    flow::expected<void> operator()(const flow::pending_part& part) const {
      return flow::commit_part(files, part);
    }
  };
  committer commit() { return {*files_}; }

  std::shared_ptr<flow::file_system> files_;
  std::string folder_;
  flow::timestamp patience_;
  std::map<std::int64_t, open_partition> open_;
  open_partition* last_ = nullptr; ///< in open_
  std::int64_t last_number_ = 0;
  std::map<std::uint64_t, std::set<std::int64_t>> closed_; ///< by checkpoint
  flow::two_phase_commit<flow::pending_part> commits_;
  std::shared_ptr<flow::undurable_parts> undurable_ =
    std::make_shared<flow::undurable_parts>();
  flow::timestamp latest_ = flow::min_timestamp;
  std::uint32_t index_ = 0;
  std::uint32_t parallelism_ = 1;
  std::string tag_;
  bool final_ = false;
  bool cleaned_ = false;
};

class partitioned_sink final : public flow::sink<filed_bid> {
public:
  partitioned_sink(std::shared_ptr<flow::file_system> files, std::string folder,
                   flow::duration_ms out_of_orderness)
    : files_(std::move(files)), folder_(std::move(folder)),
      out_of_orderness_(out_of_orderness) {}

  [[nodiscard]] std::string kind() const override {
    return "partitioned csv files";
  }
  [[nodiscard]] flow::sink_guarantee guarantee() const override {
    return flow::sink_guarantee::exactly_once;
  }
  [[nodiscard]] bool blocking() const override { return true; }
  [[nodiscard]] std::unique_ptr<flow::sink_writer<filed_bid>>
  make_writer() const override {
    return std::make_unique<writer>(files_, folder_, out_of_orderness_);
  }

private:
  std::shared_ptr<flow::file_system> files_;
  std::string folder_;
  flow::duration_ms out_of_orderness_;
};

} // namespace

std::int64_t partition_of(const filed_bid& each) {
  return day_of(each.date_time) * 1440 + minute_of(each.date_time);
}

std::string partition_folder(std::int64_t partition) {
  const flow::timestamp start = partition * ms_per_minute;
  return "dt=" + date_text(day_of(start))
         + "/hm=" + minute_text(minute_of(start));
}

std::shared_ptr<const flow::sink<filed_bid>>
make_partitioned_sink(std::shared_ptr<flow::file_system> files,
                      std::string folder, flow::duration_ms out_of_orderness) {
  return std::make_shared<partitioned_sink>(std::move(files), std::move(folder),
                                            out_of_orderness);
}

flow::expected<void> remove_partitions(flow::file_system& files,
                                       const std::string& folder) {
  return for_partitions(files, folder, [&](const std::string& path) {
    return remove_parts(files, path, false);
  });
}

flow::expected<void> remove_hidden_partition_parts(flow::file_system& files,
                                                   const std::string& folder) {
  return for_partitions(files, folder, [&](const std::string& path) {
    return remove_parts(files, path, true);
  });
}

} // namespace nexmark
