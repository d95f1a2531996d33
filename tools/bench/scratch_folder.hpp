#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "libflow/core/assert.hpp"

namespace flow::bench {

/// A new folder among the temporary ones, removed with all in it at the end.
class scratch_folder {
public:
  scratch_folder()
    : path_(
      (std::filesystem::temp_directory_path() / "flow-bench-XXXXXX").string()) {
    FLOW_ASSERT(mkdtemp(path_.data()) != nullptr, "no temporary folder");
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

} // namespace flow::bench
