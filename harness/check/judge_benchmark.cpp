// How fast recordings are judged, and whether the time grows with the number of observations and no faster.
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <string_view>

#include "harness/check/identity/identity.h"
#include "harness/check/naming/name_resolution.h"
#include "harness/check/ordering/creation_order.h"
#include "harness/check/ordering/termination_order.h"
#include "harness/check/storage/claim_binding.h"
#include "harness/check/storage/claim_retention.h"
#include "harness/check/storage/mounted_volume.h"
#include "harness/check/storage/row_survival.h"
#include "harness/check/testing/story.h"
#include "harness/model/promise.h"

namespace stateproof::check {
namespace {

struct Contender {
  std::string_view id;
  Checker checker;
};

constexpr std::array kContenders{
    Contender{"ORD-01", predecessors_were_ready},
    Contender{"ORD-03", terminated_in_reverse},
    Contender{"ID-01", only_wanted_pods},
    Contender{"ID-04", replacement_keeps_identity},
    Contender{"ID-05", one_pod_per_name},
    Contender{"DNS-02", names_resolve_to_their_pods},
    Contender{"DNS-04", names_follow_replacements},
    Contender{"DNS-08", governing_service_is_headless},
    Contender{"STO-01", one_claim_per_pod},
    Contender{"STO-02", claim_and_volume_are_one_to_one},
    Contender{"STO-03", same_storage_after_replacement},
    Contender{"STO-06", own_volume_is_mounted},
    Contender{"STO-04", rows_survive_replacement},
    Contender{"RET-02", claims_outlive_scale_down},
    Contender{"SCL-01", scale_up_finds_old_storage},
};

/// A lifecycle with so many replacements, probe reports and status updates that it has about `size` entries.
Story long_lifecycle(std::size_t size) {
  Story story = Story{}.deployed();
  while (story.last() + 200 < size)
    for (const int ordinal : {0, 1, 2}) {
      story.replaced(ordinal);
      for (int beat = 0; beat < 10; ++beat) story.resolves(0).resolves(1).resolves(2).listed(ordinal);
    }
  story.scaled_up().scaled_down().scaled_back().cleaned_up();
  return story;
}

/// Seconds of processor time, which a busy machine does not stretch, that all checkers take together; names
/// each one's share when `tell` is set.
double judge_all(const Timeline& timeline, bool tell) {
  double total = 0;
  for (const Contender& contender : kContenders) {
    const std::clock_t began = std::clock();
    const Verdict verdict = contender.checker(timeline);
    const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    if (tell)
      fmt::print("  {:<7} {:6.3f} s  {}: {}\n", contender.id, took, to_text(verdict.outcome), verdict.reason);
    total += took;
  }
  return total;
}

double rate(std::size_t size, bool tell) {
  const Story story = long_lifecycle(size);
  judge_all(story, false);  // the first pass pays for the memory
  const double took = judge_all(story, tell);
  const double per_second = static_cast<double>(story.last()) / took;
  fmt::print("{:>9} observations judged in {:.3f} s: {:.0f} a second\n", story.last(), took, per_second);
  return per_second;
}

}  // namespace
}  // namespace stateproof::check

int main() {
  const double small = stateproof::check::rate(100'000, false);
  const double large = stateproof::check::rate(1'000'000, true);
  fmt::print("time per observation, 1M against 100k: {:.2f}\n", small / large);
  return 0;
}
