#include "cli/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "cli/commands.h"
#include "cli/run.h"
#include "cli/screen.h"
#include "cli/target.h"
#include "harness/kube/file_descriptor.h"
#include "harness/monitor/monitor.h"
#include "harness/monitor/picture.h"
#include "harness/record/recording_file.h"
#include "suites/watched/promises.h"

namespace stateproof::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kAgesMove = 1000ms;  // the clock and the ages on the screen
constexpr auto kFlickers = 50ms;    // more pictures a second than this nobody sees
constexpr auto kSilence = 90s;      // bookmarks come about each minute

/// Signals and the monitor's changes, as something that poll() waits on. Make it before any thread is
/// started: threads inherit the blocked signals.
class Wakers {
 public:
  Wakers() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) sigaddset(&set, signal);
    std::signal(SIGINT, SIG_DFL);  // a shell starts background jobs with it ignored
    std::signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = kube::FileDescriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    changes_ = kube::FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }

  /// Thread safe.
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(changes_.get(), &one, sizeof one);
  }

  struct Woken {
    bool changed = false;
    bool suspend = false;  ///< Ctrl-Z
    bool end = false;
    bool resized = false;
  };
  /// Waits for one of these, or `limit` (negative: for ever).
  Woken wait(std::chrono::milliseconds limit, bool reads_keys) const {
    std::array<pollfd, 3> watched{pollfd{signals_.get(), POLLIN, 0}, pollfd{changes_.get(), POLLIN, 0},
                                  pollfd{STDIN_FILENO, POLLIN, 0}};
    ::poll(watched.data(), reads_keys ? 3 : 2, static_cast<int>(limit.count()));
    Woken woken;
    std::uint64_t count = 0;
    woken.changed = ::read(changes_.get(), &count, sizeof count) > 0;
    for (signalfd_siginfo signal{}; ::read(signals_.get(), &signal, sizeof signal) == sizeof signal;) {
      const auto number = static_cast<int>(signal.ssi_signo);
      woken.resized = woken.resized || number == SIGWINCH;
      woken.suspend = woken.suspend || number == SIGTSTP;
      woken.end = woken.end || (number != SIGWINCH && number != SIGTSTP);
    }
    if (reads_keys && watched[2].revents != 0) woken.end = woken.end || end_key();
    return woken;
  }

 private:
  static bool end_key() {
    std::array<char, 64> keys{};
    const ssize_t size = ::read(STDIN_FILENO, keys.data(), keys.size());
    for (ssize_t i = 0; i < size; ++i)
      if (keys.at(static_cast<std::size_t>(i)) == 'q' || keys.at(static_cast<std::size_t>(i)) == 'Q')
        return true;
    return false;
  }

  kube::FileDescriptor signals_;
  kube::FileDescriptor changes_;
};

/// Shows what the monitor knows, on the terminal or as lines.
class Display {
 public:
  virtual ~Display() = default;
  Display() = default;
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;
  /// False when the output is gone: the terminal or the reader of the pipe is gone.
  virtual bool show(monitor::Monitor& monitor) = 0;
  virtual void suspend() { ::kill(::getpid(), SIGSTOP); }
  /// When it must be shown again though nothing has changed.
  [[nodiscard]] virtual std::chrono::milliseconds patience() const { return -1ms; }
  [[nodiscard]] virtual bool reads_keys() const { return false; }
};

class Log : public Display {
 public:
  bool show(monitor::Monitor& monitor) override {
    std::string text;
    for (const std::string& line : monitor.take_lines()) text += line + "\n";
    return write_out(text);
  }
};

class Live : public Display {
 public:
  // The last picture stays on the ordinary screen.
  ~Live() override {
    screen_.reset();
    std::string text;
    for (const std::string& line : last_) text += line + "\n";
    write_out(text);
  }

  bool show(monitor::Monitor& monitor) override {
    const monitor::Scene scene = monitor.scene();
    if (!screen_ && !scene.whole) return true;
    if (!screen_) screen_.emplace();
    const Screen::Size size = Screen::size();
    last_ = monitor::picture(scene, {size.columns, size.rows, colour_});
    return screen_->draw(last_);
  }

  void suspend() override {
    if (screen_) screen_->leave();
    Display::suspend();
    if (screen_) screen_->enter();
  }
  [[nodiscard]] std::chrono::milliseconds patience() const override { return kAgesMove; }
  [[nodiscard]] bool reads_keys() const override { return ::isatty(STDIN_FILENO) != 0; }

 private:
  const bool colour_ = std::getenv("NO_COLOR") == nullptr;
  std::vector<std::string> last_;
  std::optional<Screen> screen_;  // from the first whole picture on
};

std::string missing_sentence(const monitor::Target& target) {
  return fmt::format(
      "There is no StatefulSet {} in namespace {}; see kubectl -n {} get statefulsets, or pass --await to "
      "wait for it.",
      target.set, target.ns, target.ns);
}

bool has_come(const std::string& until, const monitor::Scene& scene) {
  if (!scene.whole) return false;
  if (until == "gone") return monitor::is_gone(scene);
  return until == "ready" && scene.set && monitor::is_ready(*scene.set);
}

/// How it ended.
struct Ending {
  int code = ExitCode::kConformant;
  std::string sentence = {};
  End::Reason reason = End::Reason::kComplete;
};

/// Whether there is a reason to end; nullopt while there is none.
std::optional<Ending> ending(const WatchOptions& options, const monitor::Target& target,
                             const monitor::Monitor& monitor) {
  if (std::string failure = monitor.failure(); !failure.empty())
    return Ending{ExitCode::kInconclusive, std::move(failure), End::Reason::kHarnessError};
  const monitor::Scene scene = monitor.scene();
  // Who awaits a set that is not there yet does not mean that it is gone.
  if ((scene.was_there || !options.await) && has_come(options.until, scene))
    return Ending{ExitCode::kConformant,
                  fmt::format("StatefulSet {}/{} is {}.", target.ns, target.set, options.until)};
  if (scene.whole && !scene.was_there && !options.await)
    return Ending{ExitCode::kInconclusive, missing_sentence(target), End::Reason::kComplete};
  return std::nullopt;
}

std::string not_reached(const WatchOptions& options, const monitor::Target& target,
                        const monitor::Monitor& monitor) {
  const monitor::Scene scene = monitor.scene();
  const std::string state = scene.set
                                ? fmt::format("{} of {} pods Ready, {} available, {} at the update revision",
                                              scene.set->ready_pods.value, scene.set->replicas.value,
                                              scene.set->available_pods.value, scene.set->updated_pods.value)
                                : "it does not exist";
  return fmt::format("StatefulSet {}/{} is not {} ({}); see stateproof doctor -n {} statefulset/{}.",
                     target.ns, target.set, options.until, state, target.ns, target.set);
}

Ending look_on(const WatchOptions& options, const monitor::Target& target, monitor::Monitor& monitor,
               const Wakers& wakers, Display& display) {
  const Ending stopped = options.until.empty() ? Ending{} : Ending{ExitCode::kInconclusive, "Interrupted."};
  const Clock::time_point limit =
      options.limit ? Clock::now() + std::chrono::seconds{*options.limit} : Clock::time_point::max();
  Clock::time_point shown{};
  for (bool due = true;;) {
    if (auto end = ending(options, target, monitor)) {
      if (monitor.scene().was_there) display.show(monitor);
      return *std::move(end);
    }
    if (due && Clock::now() - shown >= kFlickers) {
      if (!display.show(monitor)) return stopped;
      shown = Clock::now();
      due = false;
    }
    if (Clock::now() >= limit) {
      if (options.until.empty()) return {};
      return {ExitCode::kInconclusive, not_reached(options, target, monitor)};
    }
    std::chrono::milliseconds wait = due ? kFlickers : display.patience();
    if (options.limit) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now());
      wait = wait < 0ms ? left : std::min(wait, left);
    }
    const Wakers::Woken woken = wakers.wait(wait, display.reads_keys());
    if (woken.end) return stopped;
    if (woken.suspend) display.suspend();
    due = due || woken.changed || woken.resized || woken.suspend || display.patience() >= 0ms;
  }
}

}  // namespace

int watch(const WatchOptions& options) {
  const auto set = set_of(options.target);
  if (!set) {
    std::cerr << "stateproof: name the StatefulSet: stateproof watch -n NAMESPACE statefulset/NAME.\n";
    return ExitCode::kUsage;
  }
  const Wakers wakers;
  const auto client = connect(options.cluster, {});
  if (!client) return harness_error(client.error().sentence);
  monitor::Target target{options.cluster.ns, *set};
  if (target.ns.empty()) target.ns = client->config().default_namespace;

  monitor::MonitorOptions watched{.target = target, .wake = [&] { wakers.wake(); }};
  watched.watcher.silence_limit = kSilence;
  std::filesystem::path recording;
  if (!options.record.empty()) {
    watched.header.scenario = kWatchedScenario;
    watched.header.run = new_run_id();
    watched.header.started = now();
    recording = options.record / "recordings" / fmt::format("{}-{}.jsonl", *set, watched.header.run);
    auto file = record::RecordingFile::create(recording);
    if (!file) return harness_error(file.error().sentence);
    watched.recording = std::move(*file);
  }
  const bool live = !options.plain && Screen::is_there();
  watched.tells = !live;
  monitor::Monitor monitor(*client, std::move(watched));
  Ending ended;
  {
    const std::unique_ptr<Display> display =
        live ? std::unique_ptr<Display>(std::make_unique<Live>()) : std::make_unique<Log>();
    ended = look_on(options, target, monitor, wakers, *display);
  }
  monitor.finish({.reason = ended.reason, .text = ended.sentence, .requests = {}});
  if (!recording.empty())
    std::cerr << fmt::format("Recorded in {}; judge it with: stateproof judge {}\n", recording.string(),
                             options.record.string());
  if (ended.code != ExitCode::kConformant) return harness_error(ended.sentence);
  if (!ended.sentence.empty()) std::cerr << ended.sentence << "\n";
  return ended.code;
}

}  // namespace stateproof::cli
