// Writes the folders of a good, a bad, an aborted and a killed run, for readers of JUnit and for people who
// work on the page.
//   report_samples DIR

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <functional>

#include "harness/report/run_folder.h"
#include "harness/report/testing/sample_run.h"

namespace {

using namespace stateproof;
using namespace stateproof::report;

bool write(const std::filesystem::path& out, const RunResult& run,
           const std::function<Timeline()>& recording) {
  const RunFolder folder(out,
                         [&recording](const std::filesystem::path&) { return std::optional{recording()}; });
  Saved saved = folder.save_plan(run.plan);
  for (const ScenarioResult& one : run.scenarios)
    if (saved) saved = folder.save_scenario(one);
  for (const PromiseResult& one : run.verdicts)
    if (saved) saved = folder.save_verdict(one);
  if (!saved) fmt::print(stderr, "{}\n", saved.error().sentence);
  return saved.has_value();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 64;
  const std::filesystem::path out = arguments[1];
  namespace samples = stateproof::report::testing;
  const bool written = write(out / "good", samples::kept_run(), samples::kept_timeline) &&
                       write(out / "bad", samples::broken_run(), samples::broken_timeline) &&
                       write(out / "aborted", samples::aborted_run(), samples::aborted_timeline) &&
                       write(out / "killed", {samples::plan(), {}, {}}, samples::kept_timeline);
  return written ? 0 : 2;
}
