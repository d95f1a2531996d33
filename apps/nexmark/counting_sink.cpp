#include "apps/nexmark/counting_sink.hpp"

#include <filesystem>
#include <fstream>

namespace nexmark {

flow::expected<void> shared_table_checksum::set(std::uint32_t writer,
                                                const table_checksum& counted) {
  if (folder_.empty()) {
    const std::lock_guard guard{mutex_};
    counted_[writer] = counted;
    return {};
  }
  const std::string path = folder_ + "/" + std::to_string(writer);
  std::ofstream file{path};
  file << counted.rows << ' ' << counted.sum << '\n' << std::flush;
  if (!file)
    return flow::error{flow::error_code::io,
                       path + ": the checksum cannot be written"};
  return {};
}

table_checksum shared_table_checksum::total() const {
  table_checksum result;
  if (folder_.empty()) {
    const std::lock_guard guard{mutex_};
    for (const auto& [writer, counted] : counted_)
      result += counted;
    return result;
  }
  std::error_code failed;
  for (const auto& each :
       std::filesystem::directory_iterator{folder_, failed}) {
    if (!each.is_regular_file())
      continue; // others leave theirs in folders below
    std::ifstream file{each.path()};
    table_checksum counted;
    if (file >> counted.rows >> counted.sum)
      result += counted;
  }
  return result;
}

} // namespace nexmark
