#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::cli::testing {

/// The program, reading and writing through a terminal or through pipes.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, bool terminal, const char* term = "xterm") {
    winsize size{24, 60, 0, 0};
    int pipe_ends[2] = {-1, -1};
    if (!terminal && ::pipe(pipe_ends) != 0) return;
    pid_ = terminal ? ::forkpty(&out_, nullptr, nullptr, &size) : ::fork();
    if (pid_ == 0) {
      if (!terminal) {
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::dup2(pipe_ends[1], STDERR_FILENO);
        ::close(STDIN_FILENO);
      }
      ::setenv("TERM", term, 1);
      ::unsetenv("NO_COLOR");
      std::vector<const char*> words{STATEPROOF_PROGRAM};
      for (const std::string& word : arguments) words.push_back(word.c_str());
      words.push_back(nullptr);
      ::execv(STATEPROOF_PROGRAM, const_cast<char* const*>(words.data()));
      ::_exit(127);
    }
    if (terminal) return;
    ::close(pipe_ends[1]);
    out_ = pipe_ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (running_) ::kill(pid_, SIGKILL);
    (void)code();
    ::close(out_);
  }

  /// Reads until the output holds `text` after what was awaited before; false when it ends or takes too long.
  bool await(const std::string& text) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (output_.find(text, awaited_) == std::string::npos)
      if (!read_some(limit)) return false;
    awaited_ = output_.find(text, awaited_) + text.size();
    return true;
  }
  /// Everything to the end.
  const std::string& output() {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (read_some(limit)) {
    }
    return output_;
  }
  /// Reads on until it ends; false when it still runs after `limit`.
  bool ends_within(std::chrono::seconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (read_some(until)) {
    }
    if (std::chrono::steady_clock::now() >= until) return false;
    (void)code();
    return true;
  }
  void press(char key) const { EXPECT_EQ(::write(out_, &key, 1), 1); }
  void resize(unsigned short columns) const {
    winsize size{24, columns, 0, 0};
    EXPECT_EQ(::ioctl(out_, TIOCSWINSZ, &size), 0);
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// Exit code; minus the signal that ended it.
  int code() {
    if (running_ && ::wait4(pid_, &status_, 0, &usage_) == pid_) running_ = false;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  /// The most memory that it had, once it has ended.
  [[nodiscard]] long peak_kib() const { return usage_.ru_maxrss; }

 private:
  static constexpr std::chrono::seconds kPatience{20};  // for a program that starts on a busy machine

  bool read_some(std::chrono::steady_clock::time_point limit) {
    pollfd readable{out_, POLLIN, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(out_, bytes.data(), bytes.size());
    if (size <= 0) return false;  // a terminal whose program has ended gives an error
    output_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int status_ = 0;
  rusage usage_{};
  bool running_ = true;
  std::string output_;
  std::size_t awaited_ = 0;
};

/// A kubeconfig with which the program finds that server.
inline std::string kubeconfig_for(const kube::testing::ScriptedServer& server,
                                  const kube::testing::TemporaryFolder& folder) {
  using nlohmann::json;
  const json config{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "here"},
      {"clusters",
       json::array(
           {{{"name", "c"}, {"cluster", {{"server", server.url()}, {"insecure-skip-tls-verify", true}}}}})},
      {"users", json::array({{{"name", "u"}, {"user", {{"token", "very-secret-token"}}}}})},
      {"contexts", json::array({{{"name", "here"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}})}};
  return folder.write("config", config.dump());
}

}  // namespace stateproof::cli::testing
