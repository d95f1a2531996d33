#include "actors/cluster/checkpoint_setup.hpp"

#include <algorithm>

#include "backends/factory/backend_factory.hpp"
#include "libflow/checkpoint/checkpoint_files.hpp"
#include "libflow/job/restore_check.hpp"

namespace flow {

namespace {

std::string folder_of(const job_options& options) {
  return options.checkpoints.dir + "/" + options.job_id.value_or("");
}

/// The folder of the job, made and locked.
expected<std::shared_ptr<file_lock>> lock_folder(file_system& files,
                                                 const std::string& parent,
                                                 const std::string& folder) {
  if (auto made = files.make_directories(folder); !made)
    return made.error();
  if (auto synced = files.sync_directory(parent); !synced)
    return synced.error();
  auto lock = files.lock(folder + "/_lock");
  if (!lock)
    return lock.error();
  if (!*lock)
    return error{error_code::io, "another process runs this job: " + folder
                                   + "/_lock is taken"};
  return std::shared_ptr<file_lock>{std::move(*lock)};
}

expected<stored_checkpoint> find_latest(checkpoint_storage& storage,
                                        const std::vector<std::uint64_t>& ids,
                                        const std::string& folder) {
  if (ids.empty())
    return error{error_code::not_found,
                 "--restore latest: no checkpoint has completed in " + folder};
  auto loaded = storage.load(ids.back());
  if (loaded || ids.size() < 2)
    return loaded;
  return error{loaded.error().code,
               loaded.error().text
                 + "\nthe one before it is restored by --restore " + folder
                 + "/chk-" + std::to_string(ids[ids.size() - 2]),
               error_severity::fatal};
}

/// A directory, or its file of metadata.
std::string directory_of(std::string path) {
  constexpr std::string_view name = "/_metadata";
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  if (path.ends_with(name))
    path.resize(path.size() - name.size());
  return path;
}

expected<std::shared_ptr<const job_graph>>
fitted(std::shared_ptr<const job_graph> graph,
       const checkpoint_metadata& metadata, bool drop_unclaimed) {
  const auto keep = check_restore(metadata, *graph, drop_unclaimed);
  if (!keep)
    return keep.error();
  if (keep->empty())
    return graph;
  return std::make_shared<const job_graph>(with_max_parallelism(*graph, *keep));
}

/// Takes away what nobody goes on from: checkpoints of an earlier run, or
/// unfinished ones.
expected<void> clear(checkpoint_storage& storage,
                     const std::vector<std::uint64_t>& begun,
                     const std::vector<std::uint64_t>& keep,
                     const logger& log) {
  auto published = storage.published();
  if (!published)
    return published.error();
  const auto dropped = published->size() - keep.size();
  if (dropped > 0)
    log.warn(std::to_string(dropped)
             + " checkpoints of an earlier run are removed; --restore latest "
               "would have gone on from them");
  for (const std::uint64_t id : begun)
    if (std::ranges::find(keep, id) == keep.end())
      if (auto done = storage.discard(id); !done)
        return done;
  return {};
}

} // namespace

std::shared_ptr<checkpoint_storage> storage_of(const job_options& options) {
  if (!options.checkpoints.on() && !options.restore)
    return nullptr;
  return make_checkpoint_storage(options.checkpoints, local_files(),
                                 folder_of(options));
}

expected<checkpoint_setup>
set_up_checkpoints(std::shared_ptr<file_system> files,
                   std::shared_ptr<const job_graph> graph,
                   const job_options& options, const logger& log) {
  checkpoint_setup result;
  result.graph = std::move(graph);
  if (!options.checkpoints.on() && !options.restore)
    return result;
  const bool in_files =
    options.checkpoints.backend_kind() != state_backend_kind::memory;
  const std::string folder = folder_of(options);
  result.storage = make_checkpoint_storage(options.checkpoints, files, folder);
  if (in_files) {
    auto lock = lock_folder(*files, options.checkpoints.dir, folder);
    if (!lock)
      return lock.error();
    result.lock = std::move(*lock);
  }
  auto ids = result.storage->published();
  if (!ids)
    return ids.error();
  auto begun = result.storage->begun();
  if (!begun)
    return begun.error();
  std::uint64_t greatest = begun->empty() ? 0 : begun->back();
  if (options.restore) {
    auto from = *options.restore == "latest"
                  ? find_latest(*result.storage, *ids, folder)
                  : load_checkpoint(*files, directory_of(*options.restore));
    if (!from)
      return from.error();
    auto fits =
      fitted(result.graph, *from->metadata, options.allow_non_restored_state);
    if (!fits)
      return error{fits.error().code, from->location + ": " + fits.error().text,
                   fits.error().severity};
    result.graph = std::move(*fits);
    result.start.from =
      std::make_shared<const stored_checkpoint>(std::move(*from));
    greatest = std::max(greatest, result.start.from->metadata->checkpoint_id);
  }
  const bool keeps = options.restore
                     || options.checkpoints.retention
                          == checkpoint_retention::retain_on_cancellation;
  if (keeps)
    result.start.retained = std::move(*ids);
  result.start.next_id = greatest + 1;
  if (auto done = clear(*result.storage, *begun, result.start.retained, log);
      !done)
    return done.error();
  return result;
}

} // namespace flow
