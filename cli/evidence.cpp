#include "cli/evidence.h"

#include <fmt/format.h>

#include <iostream>

#include "cli/run.h"
#include "harness/record/jsonl.h"
#include "harness/report/text.h"
#include "suites/catalogue.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Whoever interrupts waits for the end, and has two minutes of clean-up before him already.
constexpr auto kWhenInterrupted = 5s;

fs::path folder_of(const fs::path& out, const std::string& scenario) { return out / "evidence" / scenario; }

std::vector<report::PromiseResult> not_kept(const EvidenceRequest& request) {
  const bool interrupted = request.timeline.finish->reason == End::Reason::kInterrupted;
  const Outcome least = interrupted ? Outcome::kNonconformant : Outcome::kInconclusive;
  std::vector<report::PromiseResult> found;
  for (const Promise& promise : catalogue()) {
    if (promise.scenario != request.scenario) continue;
    report::PromiseResult result = judge_one(promise, request.timeline, request.out);
    if (result.outcome >= least) found.push_back(std::move(result));
  }
  return found;
}

void gather_what_is_wanted(const kube::Client& client, const EvidenceRequest& request) {
  const End& end = *request.timeline.finish;
  evidence::Request wanted{.folder = folder_of(request.out, request.scenario),
                           .namespaces = request.namespaces,
                           .timeline = request.timeline,
                           .verdicts = not_kept(request),
                           .trouble = end.text,
                           .page = "../../report.html",
                           .stop = request.hurry};
  if (wanted.verdicts.empty() && end.reason != End::Reason::kHarnessError) return;
  if (end.reason == End::Reason::kInterrupted) wanted.time = kWhenInterrupted;
  if (request.progress != nullptr)
    request.progress->step_began("evidence", "what the cluster shows, before it is cleaned up");
  const evidence::Gathered gathered = evidence::gather(client, wanted);
  const std::string text = fmt::format(
      "{}, {} KiB{}", report::counted(gathered.files, "file"), gathered.bytes / 1024,
      gathered.missing.empty()
          ? ""
          : fmt::format("; {} could not be collected", report::counted(gathered.missing.size(), "thing")));
  if (request.progress != nullptr)
    request.progress->step_ended("evidence", gathered.whole ? Step::Phase::kReached : Step::Phase::kFailed,
                                 gathered.whole || gathered.missing.empty() ? text : gathered.missing.back());
}

}  // namespace

std::string bundle_of(const fs::path& out, const std::string& scenario) {
  const fs::path page = folder_of(out, scenario) / evidence::kIndex;
  std::error_code ignored;
  return fs::exists(page, ignored) ? page.lexically_relative(out).generic_string() : "";
}

void gather_evidence(const kube::Client& client, const EvidenceRequest& request) {
  // The clean-up comes next, and matters more.
  try {
    gather_what_is_wanted(client, request);
  } catch (const std::exception& trouble) {
    std::cerr << "stateproof: no evidence could be collected (" << trouble.what() << ")\n";
  }
}

std::function<void(const scenarios::Aftermath&)> evidence_gatherer(const kube::Client& client,
                                                                   const fs::path& recording,
                                                                   report::Progress* progress,
                                                                   const std::stop_token& hurry) {
  return [&client, recording, progress, hurry](const scenarios::Aftermath& aftermath) {
    auto timeline = record::load_recording(recording);
    if (!timeline) return;  // the disk is full, which the scenario tells
    timeline->finish = End{aftermath.end.reason, aftermath.end.sentence, {}};
    const std::string scenario = timeline->header.scenario;
    gather_evidence(client, {recording.parent_path().parent_path(), scenario, aftermath.namespaces,
                             std::move(*timeline), progress, hurry});
  };
}

}  // namespace stateproof::cli
