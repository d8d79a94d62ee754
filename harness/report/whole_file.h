#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

namespace stateproof::report {

/// Held by the process that writes into the folder of a run. Given back by the kernel when its holder is
/// killed.
class FolderLock {
 public:
  /// Waits until nobody else holds it.
  static tl::expected<FolderLock, std::error_code> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// A reader sees the old text or the new one, never a part; on an error the old one, and nothing else is
/// left. One writer at a time: the temporary name is always the same, so that the next writer replaces what a
/// killed one left.
std::error_code write_whole(const std::filesystem::path& file, std::string_view text);

/// Whether a name that comes from outside is that of something below the folder that it is relative to.
bool stays_inside(const std::filesystem::path& name);

tl::expected<std::string, std::error_code> read_whole(const std::filesystem::path& file);

}  // namespace stateproof::report
