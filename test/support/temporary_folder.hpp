#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace flow {

/// A folder of this process's own, which goes away.
class temporary_folder {
public:
  temporary_folder()
    : path(std::filesystem::temp_directory_path()
           / ("flow-test-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path); }

  const std::filesystem::path path;
};

} // namespace flow
