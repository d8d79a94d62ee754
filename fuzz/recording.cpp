// A recording, however damaged: read, judged by every checker, and written by every writer.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "fuzz/target.h"
#include "harness/check/identity/watched_set.h"
#include "harness/evidence/record_text.h"
#include "harness/record/jsonl.h"
#include "harness/report/failure_text.h"
#include "harness/report/html.h"
#include "harness/report/junit.h"
#include "harness/report/run_result.h"
#include "harness/report/summary.h"
#include "suites/catalogue.h"
#include "suites/watched/promises.h"

using namespace stateproof;

namespace {

/// The reader takes a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : descriptor_(::memfd_create("recording", 0)) {
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, text.data(), text.size());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(fuzz::text_of(data, size));
  auto timeline = record::load_recording(file.path());
  if (!timeline) return 0;
  check::complete_subject(*timeline);
  report::RunResult run;
  for (const std::vector<Promise>& promises : {catalogue(), watched_promises()})
    for (const Promise& promise : promises) {
      report::PromiseResult result =
          report::result_of(judge(promise, *timeline), *timeline, "stateproof judge");
      (void)report::text_of(result);
      (void)evidence::finding_text(result, *timeline);
      run.plan.promises.push_back(report::planned(promise));
      run.verdicts.push_back(std::move(result));
    }
  (void)evidence::dns_text(*timeline);
  (void)report::steps_of(*timeline);
  (void)report::junit_xml(run);
  (void)report::summary(run, "out", {});
  (void)report::html_page(run, {{timeline->header.scenario, *timeline}});
  return 0;
}
