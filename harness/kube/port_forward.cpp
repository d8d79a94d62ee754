#include "harness/kube/port_forward.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "harness/kube/file_descriptor.h"
#include "harness/kube/websocket_connection.h"

namespace stateproof::kube {
namespace {

using Clock = WebSocketConnection::Clock;
using Event = WebSocketConnection::Event;

constexpr std::string_view kSubprotocol = "v4.channel.k8s.io";
constexpr std::size_t kMessageBytes = 32U << 10U;
constexpr std::size_t kMaxWaitingBytes = 1U << 20U;  // of one direction, before its source is left alone
constexpr std::chrono::seconds kGoodbyeLimit{1};  // the runtime, too, waits a second for the other direction

enum ForwardChannel : char { kData = 0, kError = 1 };

ApiError local_failure(std::string_view doing) {
  return ApiError::of(ApiError::Kind::kConnection,
                      fmt::format("{}: {}", doing, std::system_category().message(errno)), "port-forward");
}

/// A folder of its own, which only this user can enter and which goes with this object.
class PrivateFolder {
 public:
  static Result<PrivateFolder> create(const std::string& parent) {
    std::string name = parent + "/stateproof-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      return tl::unexpected(local_failure("cannot create a folder for a socket in " + parent));
    return PrivateFolder(std::move(name));
  }
  PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateFolder& operator=(PrivateFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// TMPDIR if a socket's path in it stays short enough for the kernel.
std::string folder_for_sockets() {
  constexpr std::string_view kOwnPart = "/stateproof-XXXXXX/socket";
  const char* chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  const bool fits = chosen != nullptr && *chosen == '/' &&
                    std::string_view(chosen).size() + kOwnPart.size() < sizeof(sockaddr_un::sun_path);
  return fits ? chosen : "/tmp";
}

Result<FileDescriptor> listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return tl::unexpected(local_failure("cannot create the local socket " + path));
  }
  return listener;
}

struct Target {
  PodRef pod;
  int port;

  [[nodiscard]] std::string path() const { return kPods.path(pod.ns, pod.name, "portforward"); }
  [[nodiscard]] std::string name() const {
    return fmt::format("port {} of pod {}/{}", port, pod.ns, pod.name);
  }
};

/// Carries bytes between one local client and one WebSocket, until either ends.
class Relay {
 public:
  Relay(FileDescriptor local, std::unique_ptr<WebSocketConnection> remote, int port, std::stop_token stop)
      : local_(std::move(local)), remote_(std::move(remote)), port_(port), stop_(std::move(stop)) {}

  /// What went wrong; nullopt when one side closed in order.
  std::optional<std::string> run() {
    auto trouble = carry();
    deliver_rest();
    return trouble;
  }

 private:
  std::optional<std::string> carry() {
    while (true) {
      if (!read_local()) {
        remote_->close(Clock::now() + kGoodbyeLimit);
        return std::nullopt;
      }
      if (!write_local()) return std::nullopt;  // the client is gone: nobody wants the rest
      const short wanted = local_events();
      pollfd local{wanted == 0 ? -1 : local_.get(), wanted, 0};  // a hangup alone would make poll spin
      auto event = remote_->wait({.until = std::nullopt,
                                  .local = &local,
                                  .unsent_below = may_read_local() ? 0 : kMaxWaitingBytes,
                                  .receive = for_local_.size() < kMaxWaitingBytes});
      if (!event) return event.error().message;
      if (event->kind == Event::Kind::kMessage) {
        if (auto trouble = take(event->payload)) return trouble;
      } else if (event->kind == Event::Kind::kClosed) {
        const bool in_order = !event->close.code || *event->close.code == websocket::kNormalClosure;
        if (in_order) return std::nullopt;
        return fmt::format("closed with code {} {}", *event->close.code, event->close.reason);
      }
    }
  }

  [[nodiscard]] bool may_read_local() const { return remote_->unsent_bytes() < kMaxWaitingBytes; }

  [[nodiscard]] short local_events() const {
    return static_cast<short>((may_read_local() ? POLLIN : 0) | (for_local_.empty() ? 0 : POLLOUT));
  }

  /// False at the end of what the client sends. The protocol knows no half-closed connection: that is the end
  /// of all.
  bool read_local() {
    std::array<char, kMessageBytes> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    while (may_read_local()) {
      const auto n = ::recv(local_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      std::string message(1, kData);
      message.append(bytes.data(), static_cast<std::size_t>(n));
      remote_->send(message);
    }
    return true;
  }

  bool write_local() {
    while (!for_local_.empty()) {
      const auto n = ::send(local_.get(), for_local_.data(), for_local_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      for_local_.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }

  /// What the pod sent before the end; a client that does not read it within the limit loses it.
  void deliver_rest() {
    const auto until = Clock::now() + kGoodbyeLimit;
    while (write_local() && !for_local_.empty() && Clock::now() < until && !stop_.stop_requested()) {
      pollfd local{local_.get(), POLLOUT, 0};
      ::poll(&local, 1, static_cast<int>(std::chrono::milliseconds(kGoodbyeLimit).count()));
    }
  }

  std::optional<std::string> take(std::string_view message) {
    if (message.empty() || (message.front() != kData && message.front() != kError)) {
      return "the server sent a message on an unknown channel";
    }
    const auto channel = static_cast<std::size_t>(message.front());
    const auto bytes = message.substr(1);
    if (!std::exchange(port_seen_[channel], true)) return check_port(bytes);
    if (channel == kError) return std::string(bytes.substr(0, bytes.find_last_not_of(" \n") + 1));
    for_local_ += bytes;
    return std::nullopt;
  }

  /// The first message on each channel is the port, little endian.
  [[nodiscard]] std::optional<std::string> check_port(std::string_view bytes) const {
    const bool matches = bytes.size() == 2 && static_cast<unsigned char>(bytes[0]) == (port_ & 0xFF) &&
                         static_cast<unsigned char>(bytes[1]) == (port_ >> 8 & 0xFF);
    if (matches) return std::nullopt;
    return "the server does not start with the requested port";
  }

  FileDescriptor local_;
  std::unique_ptr<WebSocketConnection> remote_;
  int port_;
  std::stop_token stop_;
  std::array<bool, 2> port_seen_{};
  std::string for_local_;
};

class SocketForward final : public PortForward {
 public:
  SocketForward(const Client& client, Target target, PrivateFolder folder, std::string socket_path,
                FileDescriptor listener)
      : transport_(client.transport()),
        fence_(client.fence()),
        target_(std::move(target)),
        folder_(std::move(folder)),
        socket_path_(std::move(socket_path)),
        listener_(std::move(listener)),
        wake_(::eventfd(0, EFD_CLOEXEC)),
        acceptor_([this] { accept_all(); }) {}
  SocketForward(const SocketForward&) = delete;
  SocketForward& operator=(const SocketForward&) = delete;

  ~SocketForward() override {
    stop_.request_stop();
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);
    acceptor_.join();
    for (auto& lane : lanes_) lane.thread.join();
  }

  [[nodiscard]] const std::string& socket_path() const override { return socket_path_; }

  [[nodiscard]] std::string last_error() const override {
    const std::lock_guard lock(mutex_);
    return last_error_;
  }

 private:
  struct Lane {
    std::thread thread;
    std::atomic<bool> done = false;
  };

  void accept_all() {
    std::array<pollfd, 2> fds{{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    while (!stop_.stop_requested()) {
      ::poll(fds.data(), fds.size(), -1);
      FileDescriptor local(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!local.valid()) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
        report(local_failure("no further connection is accepted").message);
        listener_.reset();
        return;
      }
      join_finished();
      Lane& lane = lanes_.emplace_back();
      lane.thread = std::thread([this, &lane, fd = std::move(local)]() mutable {
        serve(std::move(fd));
        lane.done = true;
      });
    }
  }

  void join_finished() {
    lanes_.remove_if([](Lane& lane) {
      if (!lane.done) return false;
      lane.thread.join();
      return true;
    });
  }

  void serve(FileDescriptor local) {
    auto remote =
        WebSocketConnection::open(transport_,
                                  {fmt::format("{}?ports={}", target_.path(), target_.port),
                                   {std::string(kSubprotocol)},
                                   "connect pods/portforward",
                                   "GET " + target_.path(),
                                   fence_},
                                  Clock::now() + transport_->options().request_timeout, stop_.get_token());
    if (!remote) return report(remote.error().sentence());
    Relay relay(std::move(local), std::move(*remote), target_.port, stop_.get_token());
    if (const auto trouble = relay.run()) report(*trouble);  // before the client sees the end of its stream
  }

  void report(const std::string& trouble) {
    if (stop_.stop_requested()) return;
    const std::lock_guard lock(mutex_);
    last_error_ = target_.name() + ": " + trouble;
  }

  std::shared_ptr<Transport> transport_;
  Fence fence_;
  Target target_;
  PrivateFolder folder_;
  std::string socket_path_;
  FileDescriptor listener_;
  FileDescriptor wake_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::string last_error_;
  std::list<Lane> lanes_;  // of the acceptor, until it is joined
  std::thread acceptor_;
};

}  // namespace

Result<std::unique_ptr<PortForward>> PortForward::open(const Client& client, PodRef pod, int port) {
  auto folder = PrivateFolder::create(folder_for_sockets());
  if (!folder) return tl::unexpected(std::move(folder.error()));
  std::string path = folder->path() + "/socket";
  auto listener = listen_on(path);
  if (!listener) return tl::unexpected(std::move(listener.error()));
  return std::make_unique<SocketForward>(client, Target{std::move(pod), port}, std::move(*folder),
                                         std::move(path), std::move(*listener));
}

}  // namespace stateproof::kube
