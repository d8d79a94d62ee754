#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/report/mark.h"

namespace stateproof::report {

/// What a scenario tells while it works. May be called by several threads.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  virtual void step_began(std::string_view name, std::string_view text) = 0;
  /// What is waited for at present.
  virtual void note(std::string_view text) = 0;
  virtual void step_ended(std::string_view name, Step::Phase outcome, std::string_view text) = 0;
  /// What happens beside the steps and has to be known: a deletion, trouble with a lease.
  virtual void tell(std::string_view text) = 0;
};

using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

struct ProgressStyle {
  bool terminal = false;  ///< one live line a step, else a line when a step begins and one when it ends
  bool colour = false;
  bool unicode = false;
  std::size_t columns = 100;
  std::string of;  ///< whose steps these are, told with each where several write to one place
};

/// On a terminal the live line is drawn again several times a second until the object is destroyed.
std::unique_ptr<Progress> make_progress(std::ostream& out, ProgressStyle style,
                                        SteadyClock clock = std::chrono::steady_clock::now);

/// Says nothing.
std::unique_ptr<Progress> no_progress();

/// The step that is under way, as both kinds of progress keep it.
struct CurrentStep {
  std::string name;
  std::string label;  ///< name and text
  std::string note;
  std::chrono::steady_clock::time_point began;
};

/// For logs: `[  12.3s] scale-down 5 -> 2 ... done in 8.1s`, after the seconds whose step it is. A note is
/// told only when its step did not end well.
class PlainProgress : public Progress {
 public:
  PlainProgress(std::ostream& out, ProgressStyle style, SteadyClock clock);
  void step_began(std::string_view name, std::string_view text) override;
  void note(std::string_view text) override;
  void step_ended(std::string_view name, Step::Phase outcome, std::string_view text) override;
  void tell(std::string_view text) override;

 private:
  void write(const std::string& text);

  std::ostream& out_;
  ProgressStyle style_;
  SteadyClock clock_;
  std::chrono::steady_clock::time_point started_;
  std::mutex mutex_;
  std::optional<CurrentStep> step_;
};

/// For terminals: one line that is drawn again in place until its step ends. note() and tell() write nothing
/// themselves: they may be called under locks, and the terminal may be stopped.
class LiveProgress : public Progress {
 public:
  LiveProgress(std::ostream& out, ProgressStyle style, SteadyClock clock);
  ~LiveProgress() override;
  void step_began(std::string_view name, std::string_view text) override;
  void note(std::string_view text) override;
  void step_ended(std::string_view name, Step::Phase outcome, std::string_view text) override;
  void tell(std::string_view text) override;
  /// Brings the elapsed time up to date.
  void redraw();

 private:
  void draw();

  std::ostream& out_;
  ProgressStyle style_;
  SteadyClock clock_;
  std::mutex drawing_;  ///< held while the terminal is written to, which may take as long as Ctrl-S lasts
  std::mutex mutex_;    ///< guards what follows, and is never held meanwhile: whoever notes must not wait
  std::optional<CurrentStep> step_;
  std::vector<std::string> told_;  ///< to be written above the live line
};

}  // namespace stateproof::report
