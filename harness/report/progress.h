#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>

#include "harness/model/timeline.h"

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
};

using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

struct ProgressStyle {
  bool terminal = false;  ///< one live line a step, else a line when a step begins and one when it ends
  bool colour = false;
  bool unicode = false;
  int columns = 100;
};

/// On a terminal the live line is drawn again several times a second until the object is destroyed.
std::unique_ptr<Progress> make_progress(std::ostream& out, ProgressStyle style,
                                        SteadyClock clock = std::chrono::steady_clock::now);

/// Says nothing.
std::unique_ptr<Progress> no_progress();

}  // namespace stateproof::report
