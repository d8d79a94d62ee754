#include "harness/report/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <ostream>
#include <stop_token>
#include <thread>
#include <utility>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

constexpr auto kRedrawEvery = std::chrono::milliseconds(200);  // fast enough to look alive
constexpr std::string_view kBackAndClear = "\r\x1B[2K";

double seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

CurrentStep begun(const ProgressStyle& style, std::string_view name, std::string_view text, TimePoint now) {
  std::string label = style.of + (style.of.empty() ? "" : ": ") + std::string{name} +
                      (text.empty() ? "" : " ") + std::string{text};
  return {std::string{name}, one_line(valid_text(label)), "", now};
}

/// A step that ends without having begun is told all the same, with no time.
CurrentStep ended(const ProgressStyle& style, std::optional<CurrentStep>& current, std::string_view name,
                  TimePoint now) {
  std::optional<CurrentStep> step = std::exchange(current, std::nullopt);
  return step && step->name == name ? *std::move(step) : begun(style, name, "", now);
}

std::string_view ending(Step::Phase outcome) {
  switch (outcome) {
    case Step::Phase::kReached:
      return "done in";
    case Step::Phase::kTimedOut:
      return "TIMED OUT after";
    case Step::Phase::kFailed:
      return "FAILED after";
    case Step::Phase::kBegin:
      return "unfinished after";
  }
  return "";
}

std::string details(const CurrentStep& step, Step::Phase outcome, std::string_view text) {
  std::string result = one_line(valid_text(text));
  if (outcome != Step::Phase::kReached && !step.note.empty())
    result += (result.empty() ? "" : "; ") + std::string{"last waited for: "} + step.note;
  return result;
}

class NoProgress : public Progress {
 public:
  void step_began(std::string_view, std::string_view) override {}
  void note(std::string_view) override {}
  void step_ended(std::string_view, Step::Phase, std::string_view) override {}
  void tell(std::string_view) override {}
};

/// LiveProgress whose elapsed time runs by itself.
class TickingProgress : public LiveProgress {
 public:
  TickingProgress(std::ostream& out, ProgressStyle style, SteadyClock clock)
      : LiveProgress(out, std::move(style), std::move(clock)),
        ticker_([this](const std::stop_token& stop) { tick(stop); }) {}

 private:
  void tick(const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    while (!stopped.wait_for(lock, stop, kRedrawEvery, [&stop] { return stop.stop_requested(); })) redraw();
  }

  std::jthread ticker_;  // the last member: it uses all others
};

}  // namespace

PlainProgress::PlainProgress(std::ostream& out, ProgressStyle style, SteadyClock clock)
    : out_(out), style_(std::move(style)), clock_(std::move(clock)), started_(clock_()) {}

void PlainProgress::write(const std::string& text) {
  // Flushed, so that a log that is followed shows what is under way.
  out_ << fmt::format("[{:6.1f}s] {}\n", seconds_between(started_, clock_()), text) << std::flush;
}

void PlainProgress::step_began(std::string_view name, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  step_ = begun(style_, name, text, clock_());
  write(step_->label + " ...");
}

void PlainProgress::note(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (step_) step_->note = one_line(valid_text(text));
}

void PlainProgress::step_ended(std::string_view name, Step::Phase outcome, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  const TimePoint now = clock_();
  const CurrentStep step = ended(style_, step_, name, now);
  const std::string more = details(step, outcome, text);
  write(fmt::format("{} ... {} {}{}", step.label, ending(outcome),
                    duration_text(seconds_between(step.began, now)), more.empty() ? "" : ": " + more));
}

void PlainProgress::tell(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  write(begun(style_, text, "", clock_()).label);
}

LiveProgress::LiveProgress(std::ostream& out, ProgressStyle style, SteadyClock clock)
    : out_(out), style_(std::move(style)), clock_(std::move(clock)) {}

LiveProgress::~LiveProgress() {
  redraw();
  // What is printed next must not stand on the live line of a step that never ended.
  if (step_) out_ << "\n" << std::flush;
}

// Under drawing_.
void LiveProgress::draw() {
  std::string text;
  {
    const std::scoped_lock lock(mutex_);
    for (const std::string& line : std::exchange(told_, {}))
      text += fmt::format("{}{}\n", kBackAndClear, line);
    if (step_) {
      std::string live =
          fmt::format("{}  {}", step_->label, duration_text(seconds_between(step_->began, clock_())));
      if (!step_->note.empty()) live += "  " + step_->note;
      // One column is left free: a full line would wrap on some terminals and could not be drawn over.
      const std::size_t room = std::max<std::size_t>(style_.columns, 20) - 3;
      text += fmt::format("{}{}{}", kBackAndClear, style_.unicode ? "… " : "> ", cut(live, room));
    }
  }
  if (!text.empty()) out_ << text << std::flush;
}

void LiveProgress::step_began(std::string_view name, std::string_view text) {
  const std::scoped_lock drawing(drawing_);
  bool unfinished = false;
  {
    const std::scoped_lock lock(mutex_);
    unfinished = step_.has_value();
    step_ = begun(style_, name, text, clock_());
  }
  if (unfinished) out_ << "\n";
  draw();
}

void LiveProgress::note(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (step_) step_->note = one_line(valid_text(text));
}

void LiveProgress::redraw() {
  const std::scoped_lock drawing(drawing_);
  draw();
}

void LiveProgress::step_ended(std::string_view name, Step::Phase outcome, std::string_view text) {
  const std::scoped_lock drawing(drawing_);
  std::string line;
  {
    const std::scoped_lock lock(mutex_);
    for (const std::string& told : std::exchange(told_, {}))
      line += fmt::format("{}{}\n", kBackAndClear, told);
    const TimePoint now = clock_();
    const CurrentStep step = ended(style_, step_, name, now);
    const std::string more = details(step, outcome, text);
    line += fmt::format("{}{} {}  {}{}\n", kBackAndClear, mark(outcome, {style_.colour, style_.unicode}),
                        step.label, duration_text(seconds_between(step.began, now)),
                        more.empty() ? "" : "  " + more);
  }
  out_ << line << std::flush;
}

void LiveProgress::tell(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  told_.push_back(begun(style_, text, "", clock_()).label);
}

std::unique_ptr<Progress> make_progress(std::ostream& out, ProgressStyle style, SteadyClock clock) {
  if (style.terminal) return std::make_unique<TickingProgress>(out, std::move(style), std::move(clock));
  return std::make_unique<PlainProgress>(out, std::move(style), std::move(clock));
}

std::unique_ptr<Progress> no_progress() { return std::make_unique<NoProgress>(); }

}  // namespace stateproof::report
