#include "harness/record/recording_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace stateproof::record {

tl::expected<RecordingFile, RecordingError> RecordingFile::create(const std::string& path) {
  std::error_code error;
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty())
    std::filesystem::create_directories(folder, error);
  const int descriptor =
      error ? -1 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    const int cause = error ? error.value() : errno;
    return tl::make_unexpected(RecordingError{fmt::format(
        "The recording {} cannot be created ({}); {}.", path, std::strerror(cause),
        cause == EEXIST ? "choose another --out or remove it" : "choose an --out that can be written")});
  }
  return RecordingFile(path, descriptor);
}

tl::expected<RecordingFile, RecordingError> RecordingFile::reopen(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  const off_t size = descriptor < 0 ? -1 : ::lseek(descriptor, 0, SEEK_END);
  off_t end = size;
  for (char last = 0; end > 0; --end)
    if (::pread(descriptor, &last, 1, end - 1) != 1 || last == '\n') break;
  if (size < 0 || ::ftruncate(descriptor, end) != 0) {
    const int cause = errno;
    if (descriptor >= 0) ::close(descriptor);
    return tl::make_unexpected(RecordingError{
        fmt::format("The recording {} cannot be gone on with ({}).", path, std::strerror(cause))});
  }
  return RecordingFile(path, descriptor);
}

RecordingFile::RecordingFile(RecordingFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      error_(std::move(other.error_)) {}

RecordingFile& RecordingFile::operator=(RecordingFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(error_, other.error_);
  return *this;
}

RecordingFile::~RecordingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RecordingFile::append(std::string_view line) {
  if (!error_.empty()) return;
  std::string bytes{line};
  bytes += '\n';
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = fmt::format("The recording {} cannot be written ({}); free space or choose another --out.",
                           path_, std::strerror(errno));
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace stateproof::record
