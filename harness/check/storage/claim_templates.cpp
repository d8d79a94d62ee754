#include "harness/check/storage/claim_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/check/evidence/incarnations.h"
#include "harness/check/storage/claim_binding.h"

namespace stateproof::check {
namespace {

/// The subject as each claim template of its set makes it; the subject alone where its set was never seen.
std::vector<Subject> subjects_of(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  std::vector<std::string> templates;
  std::map<std::string, std::string> paths;
  for (const Observation& seen : timeline) {
    if (const auto* set = seen.object<StatefulSet>();
        set != nullptr && set->meta.ref.name == subject.set && templates.empty())
      templates = set->claim_templates;
    if (const Pod* pod = seen.object<Pod>(); pod != nullptr && subject_ordinal(*pod, subject))
      for (const VolumeMount& mount : pod->mounts)
        if (mount.container == subject.container) paths.try_emplace(mount.volume, mount.path);
  }
  if (templates.empty()) return {subject};
  std::vector<Subject> subjects;
  for (const std::string& name : templates) {
    Subject& one = subjects.emplace_back(subject);
    one.claim_template = name;
    one.mount_path = paths[name];
  }
  return subjects;
}

}  // namespace

Verdict for_each_claim_template(const Timeline& timeline, Checker checker) {
  const std::vector<Subject> subjects = subjects_of(timeline);
  if (subjects.size() == 1) return checker(timeline);
  Timeline seen_so = timeline;
  Verdict worst;
  for (const Subject& subject : subjects) {
    seen_so.header.subject = subject;
    Verdict verdict = checker(seen_so);
    verdict.reason = fmt::format("claim template {}: {}", subject.claim_template, verdict.reason);
    if (&subject == &subjects.front() || verdict.outcome > worst.outcome) {
      worst = std::move(verdict);
    } else if (verdict.outcome == worst.outcome) {
      worst.reason += "; " + verdict.reason;
      worst.findings.insert(worst.findings.end(), verdict.findings.begin(), verdict.findings.end());
    }
  }
  return worst;
}

Verdict each_template_gives_a_claim(const Timeline& timeline) {
  if (subjects_of(timeline).size() < 2) return inconclusive("the set has only one claim template");
  return for_each_claim_template(timeline, one_claim_per_pod);
}

}  // namespace stateproof::check
