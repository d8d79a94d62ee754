#include "harness/report/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace stateproof::report {
namespace {

// What a cluster shows is for whoever was let in.
constexpr mode_t kPrivate = 0600;

std::error_code last_error() { return {errno, std::generic_category()}; }

std::error_code write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// Some file systems say only when the file is closed that the disk was full.
std::error_code close_after(int descriptor, std::error_code error) {
  if (::close(descriptor) != 0 && !error) return last_error();
  return error;
}

}  // namespace

tl::expected<FolderLock, std::error_code> FolderLock::take(const std::filesystem::path& folder) {
  const int descriptor = ::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate);
  if (descriptor < 0) return tl::unexpected(last_error());
  FolderLock lock{descriptor};
  while (::flock(descriptor, LOCK_EX) != 0)
    if (errno != EINTR) return tl::unexpected(last_error());
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::error_code write_whole(const std::filesystem::path& file, std::string_view text) {
  const std::string temporary = file.string() + ".tmp";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate);
  if (descriptor < 0) return last_error();
  std::error_code error = close_after(descriptor, write_all(descriptor, text));
  if (!error && ::rename(temporary.c_str(), file.c_str()) != 0) error = last_error();
  if (error) ::unlink(temporary.c_str());
  return error;
}

bool stays_inside(const std::filesystem::path& name) {
  return name.is_relative() && !name.empty() &&
         std::none_of(name.begin(), name.end(), [](const std::filesystem::path& part) {
           return part.empty() || part == "." || part == ".." ||
                  part.native().find('\0') != std::string::npos || part.native().size() > 255;
         });
}

tl::expected<std::string, std::error_code> read_whole(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(last_error());
  std::string text;
  char block[16384];
  ssize_t count = 0;
  while ((count = ::read(descriptor, block, sizeof block)) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    text.append(block, static_cast<std::size_t>(count));
  }
  const std::error_code error = count < 0 ? last_error() : std::error_code{};
  ::close(descriptor);
  if (error) return tl::unexpected(error);
  return text;
}

}  // namespace stateproof::report
