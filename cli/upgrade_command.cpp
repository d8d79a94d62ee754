#include "cli/upgrade_command.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stop_token>

#include "cli/private_files.h"
#include "harness/model/steps.h"

extern char** environ;

namespace stateproof::cli {
namespace {

// In a process group of its own: an interrupt reaches it once, and by our hand.
pid_t start(std::string command) {
  std::string shell = "sh";
  std::string option = "-c";
  char* arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int refused = posix_spawnp(&child, "sh", &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (refused != 0)
    throw scenarios::HarnessTrouble(fmt::format("The shell cannot be started ({}).", std::strerror(refused)));
  return child;
}

}  // namespace

std::string upgrade_command() {
  const char* command = std::getenv(kUpgradeCommand);
  return command == nullptr ? "" : command;
}

void run_upgrade_command(scenarios::Stage& stage) {
  const std::string command = upgrade_command();
  if (command.empty())
    throw scenarios::HarnessTrouble(
        fmt::format("${} is not set; set it to the command that upgrades the cluster.", kUpgradeCommand));
  stage.begin(steps::Upgrade{}, "the cluster is upgraded");
  const pid_t child = start(fmt::format("umask {:03o}\n{}", users_umask(), command));
  int status = 0;
  {
    const std::stop_callback end(stage.stop(), [child] { ::kill(-child, SIGTERM); });
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (stage.stop().stop_requested()) throw scenarios::Interrupted();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == 0) {
    stage.end(steps::Upgrade{}, Step::Phase::kReached, "the command succeeded");
  } else {
    stage.end(steps::Upgrade{}, Step::Phase::kTimedOut,
              fmt::format("the command failed with exit code {}", code));
  }
}

}  // namespace stateproof::cli
