#include "harness/kube/exec_plugin.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "harness/kube/file_descriptor.h"
#include "harness/kube/string_array.h"
#include "harness/model/bounded_json.h"
#include "harness/model/redaction.h"
#include "harness/model/rfc3339.h"

namespace stateproof::kube {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = 1U << 20U;  // an ExecCredential has a few KiB
constexpr std::size_t kShownOfStderr = 1000;

/// A pipe whose reading end does not block.
struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;

  Pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    read_end = FileDescriptor{ends[0]};
    write_end = FileDescriptor{ends[1]};
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  }
};

/// Appends what can be read now; false at the end of the stream.
bool drain(int fd, std::string& into) {
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t n = ::read(fd, bytes.data(), bytes.size());
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    into.append(bytes.data(), static_cast<std::size_t>(n));
    if (into.size() > kMaxOutput) return true;  // the caller looks at the size
  }
}

/// Whether the plugin may ask the person at the terminal.
enum class Terminal { kAbsent, kShared };

struct Finished {
  int wait_status = 0;
  std::string out;
  std::string err;
};

/// A running child in a process group of its own, so that what it started dies with it. With a terminal it
/// stays in ours: a background group may not read from it.
class Child {
 public:
  Child(pid_t pid, Terminal terminal) : pid_(pid), terminal_(terminal), handle_(open_handle(pid)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(terminal_ == Terminal::kShared ? pid_ : -pid_, SIGKILL);
    wait();
  }

  /// Readable once the child has ended.
  [[nodiscard]] int handle() const { return handle_.get(); }

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  // The header of glibc 2.36 declares pidfd_open for C only.
  static int open_handle(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

  pid_t pid_;
  Terminal terminal_;
  FileDescriptor handle_;
};

class SpawnSetup {
 public:
  SpawnSetup(const Pipe& out, const Pipe& err, Terminal terminal) {
    posix_spawn_file_actions_init(&actions_);
    if (terminal == Terminal::kAbsent) {
      posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions_, out.write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err.write_end.get(), STDERR_FILENO);

    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (terminal == Terminal::kAbsent) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes_, flags);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// Spec of the ExecCredential that the plugin finds in KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin& plugin, const ClusterConfig& config, Terminal terminal) {
  nlohmann::json spec{{"interactive", terminal == Terminal::kShared}};
  if (plugin.provide_cluster_info) {
    nlohmann::json cluster{{"server", config.server}};
    if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
    if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
    if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
    if (!config.ca_pem.empty()) {
      std::string encoded((config.ca_pem.size() + 2) / 3 * 4 + 1, '\0');
      const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(config.ca_pem.data()),
                                       static_cast<int>(config.ca_pem.size()));
      encoded.resize(static_cast<std::size_t>(size));
      cluster["certificate-authority-data"] = encoded;
    }
    spec["cluster"] = cluster;
  }
  return nlohmann::json{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", spec}}
      .dump();
}

std::vector<std::string> child_environment(const ExecPlugin& plugin, const ClusterConfig& config,
                                           Terminal terminal) {
  std::vector<std::pair<std::string, std::string>> own = plugin.env;
  own.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin, config, terminal));
  std::vector<std::string> all;
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    const std::string_view entry = *inherited;
    const auto replaces = [&](const auto& variable) { return entry.starts_with(variable.first + "="); };
    if (std::ranges::none_of(own, replaces)) all.emplace_back(entry);
  }
  for (const auto& [name, value] : own) {
    all.push_back(fmt::format("{}={}", name, value));
  }
  return all;
}

/// The end of what the plugin complained about, on one line, without control characters and credentials.
std::string last_words(const std::string& err) {
  std::string text = redacted_text(err);  // before it is cut: half a token is not known for one
  text.erase(0, text.size() - std::min(text.size(), kShownOfStderr));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.empty() ? "" : ": " + text;
}

std::string named(const ExecPlugin& plugin) {
  return fmt::format("the credential plugin \"{}\"", plugin.command);
}

std::string with_hint(const ExecPlugin& plugin) {
  return plugin.install_hint.empty() ? "" : "; " + plugin.install_hint;
}

Result<Terminal> terminal_for(const ExecPlugin& plugin) {
  const bool available = ::isatty(STDIN_FILENO) == 1;
  if (plugin.interactive_mode == "Always" && !available) {
    return unusable(named(plugin) +
                    " needs interactive input, but standard input is not a terminal; log in beforehand or "
                    "use another way to log in");
  }
  return available && plugin.interactive_mode != "Never" ? Terminal::kShared : Terminal::kAbsent;
}

/// Passes on to the terminal what came in whole lines since `shown`, and at the end the rest. Gives how far
/// it came.
std::size_t show_lines(const std::string& err, std::size_t shown, bool ended) {
  const std::size_t line_end = err.rfind('\n');
  const std::size_t whole = ended ? err.size() : line_end == std::string::npos ? shown : line_end + 1;
  if (whole <= shown) return shown;
  const std::string text = redacted_text(std::string_view(err).substr(shown, whole - shown));
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
  return whole;
}

/// Reads until the child ends. What a grandchild keeps open is not waited for.
Result<Finished> follow(Child& child, const Pipe& out, const Pipe& err, const ExecPlugin& plugin,
                        Terminal terminal, std::chrono::milliseconds limit, const std::stop_token& stop) {
  const FileDescriptor stopped{::eventfd(0, EFD_CLOEXEC)};
  const std::stop_callback wake(stop, [&stopped] { ::eventfd_write(stopped.get(), 1); });
  const auto deadline = Clock::now() + limit;
  Finished finished;
  std::size_t shown = 0;
  std::array<pollfd, 4> watched{{{out.read_end.get(), POLLIN, 0},
                                 {err.read_end.get(), POLLIN, 0},
                                 {child.handle(), POLLIN, 0},
                                 {stopped.get(), POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      return unusable(fmt::format("{} did not answer within {} s{}; run it by hand to see what it waits for",
                                  named(plugin), std::chrono::duration<double>(limit).count(),
                                  last_words(finished.err)));
    }
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return unusable(named(plugin) + " could not be read: " + std::strerror(errno));
    }
    if (stop.stop_requested()) return tl::unexpected(ApiError::of(ApiError::Kind::kCancelled, "stopped"));
    const bool ended = watched[2].revents != 0;
    if (!drain(out.read_end.get(), finished.out)) watched[0].fd = -1;
    if (!drain(err.read_end.get(), finished.err)) watched[1].fd = -1;
    // A login code for the person at the terminal is useless at the end.
    if (terminal == Terminal::kShared) shown = show_lines(finished.err, shown, ended);
    if (finished.out.size() > kMaxOutput || finished.err.size() > kMaxOutput) {
      return unusable(named(plugin) +
                      " prints more than a credential can be; run it by hand to see its output");
    }
    if (ended) {
      finished.wait_status = child.wait();
      return finished;
    }
  }
}

Result<Finished> run(const ExecPlugin& plugin, const ClusterConfig& config, std::chrono::milliseconds limit,
                     const std::stop_token& stop) {
  const auto terminal = terminal_for(plugin);
  if (!terminal) return tl::unexpected(terminal.error());

  std::vector<std::string> command{plugin.command};
  command.insert(command.end(), plugin.args.begin(), plugin.args.end());
  const StringArray arguments{std::move(command)};
  const StringArray environment{child_environment(plugin, config, *terminal)};
  Pipe out;
  Pipe err;
  const SpawnSetup setup{out, err, *terminal};

  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, plugin.command.c_str(), setup.actions(), setup.attributes(),
                                    arguments.get(), environment.get());
  if (failed == ENOENT) return unusable(named(plugin) + " is not installed" + with_hint(plugin));
  if (failed != 0)
    return unusable(
        fmt::format("{} cannot be started: {}{}", named(plugin), std::strerror(failed), with_hint(plugin)));
  Child child{pid, *terminal};
  out.write_end.reset();
  err.write_end.reset();
  return follow(child, out, err, plugin, *terminal, limit, stop);
}

Result<PluginCredential> read_credential(const ExecPlugin& plugin, const Finished& finished) {
  const auto answer = parse_bounded_json(finished.out).value_or(nullptr);
  const auto field = [](const nlohmann::json& object, const char* name) {
    const bool has = object.is_object() && object.contains(name) && object[name].is_string();
    return has ? object[name].get<std::string>() : std::string();
  };
  if (field(answer, "kind") != "ExecCredential" || !answer.contains("status")) {
    return unusable(named(plugin) + " did not print an ExecCredential" + last_words(finished.err) +
                    "; run it by hand");
  }
  if (field(answer, "apiVersion") != plugin.api_version) {
    return unusable(fmt::format(
        "{} answers with {}, but the kubeconfig asks for {}; correct apiVersion in the kubeconfig",
        named(plugin), field(answer, "apiVersion"), plugin.api_version));
  }
  const nlohmann::json& status = answer["status"];
  PluginCredential credential{.token = SecretText{field(status, "token")},
                              .client_certificate_pem = field(status, "clientCertificateData"),
                              .client_key_pem = SecretText{field(status, "clientKeyData")},
                              .expires = std::nullopt};
  if (credential.token.empty() && credential.client_certificate_pem.empty()) {
    return unusable(named(plugin) + " returned neither a token nor a client certificate; run it by hand");
  }
  if (credential.client_certificate_pem.empty() != credential.client_key_pem.empty()) {
    return unusable(named(plugin) +
                    " returned a client certificate without its key, or a key without its certificate");
  }
  if (const std::string expires = field(status, "expirationTimestamp"); !expires.empty()) {
    const auto time = parse_rfc3339(expires);
    if (!time) return unusable(named(plugin) + " returned an expirationTimestamp that is not RFC 3339");
    credential.expires = *time;
  }
  return credential;
}

}  // namespace

Result<PluginCredential> run_exec_plugin(const ExecPlugin& plugin, const ClusterConfig& config,
                                         std::chrono::milliseconds limit, const std::stop_token& stop) {
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return unusable(fmt::format(
        "{} is configured with apiVersion \"{}\"; supported are client.authentication.k8s.io/v1 and v1beta1",
        named(plugin), plugin.api_version));
  }
  const auto finished = run(plugin, config, limit, stop);
  if (!finished) return tl::unexpected(finished.error());
  if (WIFSIGNALED(finished->wait_status)) {
    return unusable(fmt::format("{} was terminated by signal {}{}", named(plugin),
                                WTERMSIG(finished->wait_status), last_words(finished->err)));
  }
  if (const int code = WEXITSTATUS(finished->wait_status); code != 0) {
    return unusable(fmt::format("{} failed with exit code {}{}; run it by hand", named(plugin), code,
                                last_words(finished->err)));
  }
  return read_credential(plugin, *finished);
}

}  // namespace stateproof::kube
