#include "harness/report/mark.h"

#include <fmt/format.h>

#include <string_view>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

struct Mark {
  std::string_view word;
  std::string_view sign;
  int colour;  ///< of a terminal
};

constexpr int kRed = 31;
constexpr int kGreen = 32;
constexpr int kYellow = 33;
constexpr int kGrey = 90;

Mark mark_of(Standing::State state) {
  switch (state) {
    case Standing::State::kConformant:
      return {"ok", "✓", kGreen};
    case Standing::State::kNotApplicable:
      return {"n/a", "–", kGrey};
    case Standing::State::kNotRun:
      return {"not run", "·", kYellow};
    case Standing::State::kInconclusive:
      return {"INCONCLUSIVE", "?", kYellow};
    case Standing::State::kNonconformant:
      return {"BROKEN", "✗", kRed};
  }
  return {};
}

Mark mark_of(Step::Phase outcome) {
  switch (outcome) {
    case Step::Phase::kBegin:
      return {"unfinished", "·", kYellow};
    case Step::Phase::kReached:
      return {"ok", "✓", kGreen};
    case Step::Phase::kTimedOut:
      return {"TIMED OUT", "✗", kRed};
    case Step::Phase::kFailed:
      return {"FAILED", "✗", kRed};
  }
  return {};
}

std::string shown(const Mark& mark, MarkStyle style) {
  const std::string_view text = style.unicode ? mark.sign : mark.word;
  const std::string padding(mark_columns(style) - columns(text), ' ');
  if (!style.colour) return std::string{text} + padding;
  return fmt::format("\x1B[{}m{}\x1B[0m{}", mark.colour, text, padding);
}

}  // namespace

std::string mark(Standing::State state, MarkStyle style) { return shown(mark_of(state), style); }

std::string mark(Step::Phase outcome, MarkStyle style) { return shown(mark_of(outcome), style); }

std::size_t mark_columns(MarkStyle style) {
  return style.unicode ? 1 : std::string_view{"INCONCLUSIVE"}.size();
}

}  // namespace stateproof::report
