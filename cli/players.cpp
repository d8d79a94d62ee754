#include "cli/players.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iterator>

#include "harness/kube/string_array.h"
#include "suites/gate/program.h"

namespace stateproof::cli {
namespace {

constexpr std::string_view kProgress = "STATEPROOF_PROGRESS=";

/// Ours, and where to show progress: where we show ours.
std::vector<std::string> environment() {
  std::vector<std::string> variables;
  bool shown_elsewhere = false;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
    shown_elsewhere = shown_elsewhere || variables.back().starts_with(kProgress);
  }
  if (!shown_elsewhere) variables.push_back(fmt::format("{}/proc/{}/fd/2", kProgress, ::getpid()));
  return variables;
}

double seconds_of(const rusage& used) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// In the child, where other threads do not exist: only what is safe after a fork.
[[noreturn]] void become(pid_t parent, int log, char* const* command, char* const* variables) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // it ended before it could be waited for
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(command[0], command, variables);
  ::_exit(127);
}

}  // namespace

Players::Players(const std::filesystem::path& log, const std::stop_token& stop, const std::stop_token& hurry)
    : log_(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
      on_stop_(stop, [this] { interrupt_all(); }),
      on_hurry_(hurry, [this] { interrupt_all(); }) {}

bool Players::start(const std::string& name, std::vector<std::string> arguments) {
  std::vector<std::string> command = gate::own_command();
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  const kube::StringArray asked{std::move(command)};
  const kube::StringArray variables{environment()};
  const std::lock_guard lock(mutex_);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(parent, log_.get(), asked.get(), variables.get());
  if (child > 0) names_.emplace(child, name);
  return child > 0;
}

std::size_t Players::running() const {
  const std::lock_guard lock(mutex_);
  return names_.size();
}

std::optional<Players::Ended> Players::await_one() {
  while (running() > 0) {
    // Reaped under the lock only: an interrupt must not reach a stranger who was given the number since.
    siginfo_t ended{};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    int status = 0;
    rusage used{};
    ::wait4(ended.si_pid, &status, 0, &used);
    const auto known = names_.find(ended.si_pid);
    if (known == names_.end()) continue;
    Ended one{known->second, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
    names_.erase(known);
    const std::string line =
        fmt::format("{}: exit code {}, {} MiB of memory at most, {:.1f} s of processor time\n", one.name,
                    one.code, used.ru_maxrss / 1024, seconds_of(used));
    if (::write(log_.get(), line.data(), line.size()) < 0) return one;  // a log is no reason to fail
    return one;
  }
  return std::nullopt;
}

void Players::interrupt_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [pid, name] : names_) ::kill(pid, SIGINT);
}

}  // namespace stateproof::cli
