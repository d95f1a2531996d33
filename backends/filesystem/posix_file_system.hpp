#pragma once

#include "libflow/core/file_system.hpp"

namespace flow {

/// The files of this machine. Stateless.
/// @thread any; calls may block
class posix_file_system final : public file_system {
public:
  expected<std::unique_ptr<readable_file>>
  open(const std::string& path) override;
  expected<std::unique_ptr<writable_file>>
  create(const std::string& path) override;
  expected<std::unique_ptr<writable_file>>
  create_large(const std::string& path) override;
  expected<file_kind> kind_of(const std::string& path) override;
  expected<std::vector<directory_entry>> list(const std::string& path) override;
  expected<void> make_directories(const std::string& path) override;
  expected<void> rename(const std::string& from,
                        const std::string& to) override;
  expected<bool> link(const std::string& from, const std::string& to) override;
  expected<bool> same_file(const std::string& a, const std::string& b) override;
  expected<bool> remove_file(const std::string& path) override;
  expected<bool> remove_empty_directory(const std::string& path) override;
  expected<std::unique_ptr<file_lock>> lock(const std::string& path) override;
  expected<void> sync_directory(const std::string& path) override;
};

} // namespace flow
