#include "harness/report/contrast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/model/steps.h"
#include "harness/report/html_verdicts.h"
#include "harness/report/lanes.h"
#include "harness/report/markup.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

/// What one of the two workloads did, as far as a reader of the table wants to know.
struct Side {
  std::vector<std::string> first_pods;  ///< that were there before anything was done to any
  std::size_t before_ready = 0;         ///< created before the first of them was Ready
  std::vector<std::string> replaced;    ///< "X by Y"
  std::vector<std::string> ended;       ///< not asked for by name, in the order of their deletion
  std::size_t ending_at_once = 0;       ///< the most of those at one time
  std::set<std::string> host_names;
  std::map<std::string, std::set<std::string>> claims;  ///< name to the pods that use it

  bool was_ready = false;
  bool disturbed = false;
  std::string lost;             ///< deleted by name, and not replaced yet
  std::set<Uid> known, ending;  ///< pods that were seen, pods on their way out
};

class Reader {
 public:
  explicit Reader(const Timeline& timeline) : subject_(timeline.subject()) {
    for (const Observation& seen : timeline) {
      if (const Step* step = seen.as<Step>(); step != nullptr && step->is<steps::Cleanup>()) break;
      if (const FaultMark* fault = seen.as<FaultMark>()) see(*fault);
      if (const Pod* pod = seen.object<Pod>()) see(*pod, seen.is_deletion());
      if (const EndpointSlice* slice = seen.object<EndpointSlice>()) see(*slice);
    }
  }

  [[nodiscard]] const Side& set() const { return set_; }
  [[nodiscard]] const Side& deployment() const { return deployment_; }

 private:
  Side* side_of(const Pod& pod) {
    if (pod.meta.ref.ns != subject_.ns) return nullptr;
    if (!deployment_of(pod).empty()) return &deployment_;
    return pod.meta.is_controlled_by_set(subject_.set) ? &set_ : nullptr;
  }

  void see(const FaultMark& fault) {
    if (fault.phase != FaultMark::Phase::kInject) return;
    deleted_.insert(fault.target.uid);
    for (Side* side : {&set_, &deployment_})
      if (side->known.contains(fault.target.uid)) {
        side->lost = fault.target.name;
        side->disturbed = true;
      }
  }

  void see(const Pod& pod, bool gone) {
    Side* side = side_of(pod);
    if (side == nullptr) return;
    const auto& [kind, ns, name, uid] = pod.meta.ref;
    side_of_pod_[name] = side;
    for (const auto& [volume, claim] : pod.volume_claims) side->claims[claim].insert(name);
    if (side->known.insert(uid).second) appear(*side, name);
    side->was_ready = side->was_ready || pod.ready;
    if (pod.terminating() && !deleted_.contains(uid) && side->ending.insert(uid).second) {
      side->ended.push_back(name);
      side->ending_at_once = std::max(side->ending_at_once, side->ending.size());
    }
    if (gone) side->ending.erase(uid);
  }

  static void appear(Side& side, const std::string& name) {
    if (!side.disturbed) {
      side.first_pods.push_back(name);
      if (!side.was_ready) ++side.before_ready;
    } else if (!side.lost.empty()) {
      side.replaced.push_back(fmt::format("{} by {}", side.lost, name));
      side.lost.clear();
    }
  }

  void see(const EndpointSlice& slice) {
    for (const Endpoint& endpoint : slice.endpoints)
      if (const auto side = side_of_pod_.find(endpoint.target.name);
          side != side_of_pod_.end() && !endpoint.hostname.empty())
        side->second->host_names.insert(endpoint.hostname);
  }

  const Subject& subject_;
  Side set_;
  Side deployment_;
  std::map<std::string, Side*> side_of_pod_;
  std::set<Uid> deleted_;
};

std::string names_text(const Side& side) {
  std::string text = fmt::format("{}", fmt::join(side.first_pods, ", "));
  if (!side.replaced.empty()) text += fmt::format("; replaced: {}", fmt::join(side.replaced, ", "));
  return text;
}

std::string creation_text(const Side& side) {
  return fmt::format("{} of {} created before one was Ready", side.before_ready, side.first_pods.size());
}

std::string deletion_text(const Side& side) {
  if (side.ended.empty()) return "none was removed";
  return fmt::format(
      "{}; {}", fmt::join(side.ended, ", "),
      side.ending_at_once > 1 ? fmt::format("{} at once", side.ending_at_once) : "one after the other");
}

std::string network_text(const Side& side) {
  if (side.host_names.empty()) return "no host names";
  return fmt::format("host names {}", fmt::join(side.host_names, ", "));
}

std::string storage_text(const Side& side) {
  if (side.claims.empty()) return "no claims";
  std::vector<std::string> uses;
  for (const auto& [claim, pods] : side.claims)
    uses.push_back(fmt::format("{} ({})", claim, counted(pods.size(), "pod")));
  return fmt::format("{}", fmt::join(uses, ", "));
}

std::string verdict_text(std::string_view id, const RunResult& run) {
  for (const Standing& standing : standings(run)) {
    if (standing.result == nullptr) continue;
    for (const RequirementResult& one : standing.result->requirements)
      if (one.id == id)
        return text_element("a", fmt::format(R"(href="#{}")", anchor_of(standing)), id) + " " +
               badge(one.outcome);
  }
  return escaped(id) + " not run";
}

}  // namespace

std::vector<ContrastLine> contrast_lines(const Timeline& timeline) {
  const Reader reader(timeline);
  if (reader.deployment().known.empty()) return {};
  const auto line = [&](std::string_view feature, std::string (*text)(const Side&)) {
    return ContrastLine{feature, text(reader.set()), text(reader.deployment())};
  };
  return {line("Pod names", names_text), line("Pod creation", creation_text),
          line("Pod deletion", deletion_text), line("Network identity", network_text),
          line("Storage", storage_text)};
}

std::string contrast_rows(const std::vector<ContrastLine>& lines, const RunResult& run) {
  std::string rows;
  for (const ContrastLine& line : lines) {
    std::string verdicts;
    for (const PlannedPromise& promise : run.plan.promises)
      if (promise.compares == line.feature)
        for (const std::string& id : promise.requirements)
          verdicts += (verdicts.empty() ? "" : "<br>") + verdict_text(id, run);
    rows +=
        element("tr", "",
                text_element("th", R"(scope="row")", line.feature) + text_element("td", "", line.set) +
                    text_element("td", "", line.deployment) + element("td", R"(class="verdicts")", verdicts));
  }
  return rows;
}

}  // namespace stateproof::report
