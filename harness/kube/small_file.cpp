#include "harness/kube/small_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness/kube/file_descriptor.h"

namespace stateproof::kube {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostFileBytes = 16U << 20U;

std::string because(int cause) { return fmt::format("cannot be read ({})", std::strerror(cause)); }

/// Whether there is something to read, or the end. Before its first writer has come a pipe has neither.
bool await(int descriptor, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd waiting{descriptor, POLLIN, 0};
  return left.count() > 0 && ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

tl::expected<std::string, std::string> read_small_file(const std::string& path,
                                                       std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  // A pipe that nobody writes must not hold us up in open().
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.get() < 0) return tl::unexpected(because(errno));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return tl::unexpected(because(errno));
  const bool is_pipe = S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode);
  if (S_ISDIR(about.st_mode)) return tl::unexpected<std::string>("is a folder");
  if (!S_ISREG(about.st_mode) && !is_pipe) return tl::unexpected<std::string>("is neither a file nor a pipe");
  std::string text;
  std::array<char, 65536> block{};
  for (;;) {
    if (is_pipe && !await(file.get(), deadline))
      return tl::unexpected(fmt::format("is a pipe that nobody wrote to its end within {} s",
                                        std::chrono::duration<double>(limit).count()));
    const ssize_t count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return tl::unexpected(because(errno));
    if (count == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostFileBytes) return tl::unexpected<std::string>("is larger than 16 MiB");
  }
}

}  // namespace stateproof::kube
