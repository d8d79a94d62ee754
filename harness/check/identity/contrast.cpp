#include "harness/check/identity/contrast.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "harness/check/evidence/step_duty.h"
#include "harness/check/ordering/termination_order.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

bool is_loose(const Pod& pod) {
  const OwnerReference* owner = pod.meta.controller();
  return owner != nullptr && owner->kind == "ReplicaSet";
}

std::string look_at_pods(const Subject& subject) {
  return fmt::format("kubectl -n {} get pods -o wide --show-labels", subject.ns);
}

struct Sides {
  std::map<std::string_view, const Pod*> of_the_set;
  std::map<std::string_view, const Pod*> loose;
};

Sides sides_of(const Snapshot& moment, const Subject& subject) {
  Sides sides;
  for (const auto& [name, pod] : moment.pods) {
    if (is_loose(*pod))
      sides.loose[name] = pod;
    else if (controlled_by_subject(*pod, subject))
      sides.of_the_set[name] = pod;
  }
  return sides;
}

bool is_empty(JudgedStep& under, const Sides& sides) {
  if (sides.of_the_set.empty()) under.judgement.doubt("the StatefulSet had no pod");
  if (sides.loose.empty()) under.judgement.doubt("the Deployment had no pod");
  return sides.of_the_set.empty() || sides.loose.empty();
}

}  // namespace

Verdict names_differ(const Timeline& timeline) {
  return judge_step<steps::ReplaceLoose>(
      timeline, {"pods"}, "the StatefulSet's pod names are predictable, those of the Deployment are not",
      [](JudgedStep& under) {
        const Sides sides = sides_of(under.before, under.subject);
        if (is_empty(under, sides)) return;
        for (const auto& [name, pod] : sides.of_the_set)
          if (!ordinal_of(name, under.subject.set))
            under.find(pod->meta.ref, "a pod of the set is named <set>-<ordinal>",
                       fmt::format("it is {}", name), *under.step.begin, look_at_pods(under.subject));
        for (const auto& [name, pod] : sides.loose) {
          const std::string hash = pod->meta.label("pod-template-hash");
          const bool random = !hash.empty() && name.find("-" + hash + "-") != std::string_view::npos;
          if (!random)
            under.find(pod->meta.ref, "a pod of the Deployment is named <replicaset>-<random>",
                       fmt::format("it is {} with pod-template-hash \"{}\"", name, hash), *under.step.begin,
                       look_at_pods(under.subject));
        }
      });
}

Verdict deployment_creates_at_once(const Timeline& timeline) {
  return judge_step<steps::Create>(
      timeline, {"pods"}, "all pods of the Deployment were created while none was Ready",
      [](JudgedStep& under) {
        std::size_t created = 0;
        for (const Observation& seen : under.during) {
          const Pod* pod = seen.object<Pod>();
          if (pod == nullptr || !is_loose(*pod)) continue;
          if (pod->ready)
            return under.judgement.doubt(fmt::format("{} was Ready already", pod->meta.ref.name));
          if (seen.as<ObjectSeen>()->change == Change::kAdded) ++created;
        }
        const auto wanted = static_cast<std::size_t>(under.subject.replicas.value);
        if (created >= wanted || !under.overdue(kRefusalsOnly)) return;
        under.find({"Deployment", under.subject.ns, "", {}},
                   fmt::format("{} pods are created without waiting for readiness", wanted),
                   fmt::format("{} had been created at {}", created, moment(*under.step.end)),
                   *under.step.end, look_at_pods(under.subject));
      });
}

Verdict only_the_set_keeps_names(const Timeline& timeline) {
  Verdict loose = judge_step<steps::ReplaceLoose>(
      timeline, {"pods"},
      "the Deployment's replacement pod had a new name, that of the StatefulSet the old one",
      [](JudgedStep& under) {
        const Sides before = sides_of(under.before, under.subject);
        const Sides after = sides_of(under.after, under.subject);
        if (is_empty(under, before)) return;
        for (const auto& [name, pod] : after.loose) {
          const auto former = before.loose.find(name);
          if (former == before.loose.end() || former->second->meta.ref.uid == pod->meta.ref.uid) continue;
          under.find(pod->meta.ref, "the Deployment's replacement pod has a new name",
                     fmt::format("it was named {} again", name), *under.step.end,
                     look_at_pods(under.subject));
        }
        if (under.step.reached() && after.loose.size() < before.loose.size())
          under.judgement.doubt("the Deployment has fewer pods than before");
      });
  Verdict kept = judge_step<steps::ReplaceSleeper>(
      timeline, {"pods"}, "the StatefulSet's replacement pod has the old name", [](JudgedStep& under) {
        const std::string name = under.pod_name(under.ordinal());
        const Sides before = sides_of(under.before, under.subject);
        const Sides after = sides_of(under.after, under.subject);
        for (const auto& [other, pod] : after.of_the_set)
          if (!before.of_the_set.contains(other))
            under.find(pod->meta.ref, fmt::format("the new pod is {}", name), fmt::format("it is {}", other),
                       *under.step.end, look_at_pods(under.subject));
        if (under.step.reached() && !after.of_the_set.contains(name))
          under.judgement.doubt(fmt::format("{} did not come back", name));
      });
  return worse(std::move(loose), std::move(kept));
}

Verdict only_the_set_gives_host_names(const Timeline& timeline) {
  return judge_step<steps::ReplaceLoose>(
      timeline, {"pods", "endpointslices"},
      "only the StatefulSet's endpoints had host names behind the headless Service", [](JudgedStep& under) {
        const Sides sides = sides_of(under.before, under.subject);
        if (is_empty(under, sides)) return;
        std::set<std::string_view> published;
        for (const auto& [slice_name, slice] : under.before.slices)
          for (const Endpoint& endpoint : slice->endpoints) {
            const std::string& pod = endpoint.target.name;
            if (sides.of_the_set.contains(pod)) {
              published.insert(sides.of_the_set.find(pod)->first);
              if (endpoint.hostname != pod)
                under.find({"EndpointSlice", under.subject.ns, std::string{slice_name}, {}},
                           fmt::format("the endpoint of {} has hostname {}", pod, pod),
                           fmt::format("its hostname is \"{}\"", endpoint.hostname), *under.step.begin,
                           look_at_pods(under.subject));
            } else if (sides.loose.contains(pod) && !endpoint.hostname.empty()) {
              under.find({"EndpointSlice", under.subject.ns, std::string{slice_name}, {}},
                         fmt::format("the endpoint of the Deployment's pod {} has no hostname", pod),
                         fmt::format("its hostname is \"{}\"", endpoint.hostname), *under.step.begin,
                         look_at_pods(under.subject));
            }
          }
        for (const auto& [name, pod] : sides.of_the_set)
          if (!published.contains(name))
            under.judgement.doubt(fmt::format("{} was in no EndpointSlice", name));
      });
}

Verdict only_the_set_gives_claims(const Timeline& timeline) {
  return judge_step<steps::ReplaceLoose>(
      timeline, {"pods"}, "the StatefulSet's pods had a claim each, those of the Deployment shared one",
      [](JudgedStep& under) {
        const Sides sides = sides_of(under.before, under.subject);
        if (is_empty(under, sides)) return;
        std::map<std::string, std::string_view> users;
        for (const auto& [name, pod] : sides.of_the_set) {
          const std::string claim = pod->claim_at(under.subject.mount_path);
          const auto [user, is_first] = users.emplace(claim, name);
          if (claim.empty() || !is_first)
            under.find(
                pod->meta.ref, "every pod of the StatefulSet has its own claim",
                claim.empty() ? "it is not" : fmt::format("{} is also used by {}", claim, user->second),
                *under.step.begin, look_at_pods(under.subject));
        }
        std::set<std::string> shared;
        for (const auto& [name, pod] : sides.loose) shared.insert(pod->claim_at(under.subject.mount_path));
        if (shared.size() > 1)
          under.find(sides.loose.begin()->second->meta.ref,
                     "the Deployment's pods share the claim that their template names",
                     fmt::format("they use {} claims", shared.size()), *under.step.begin,
                     look_at_pods(under.subject));
      });
}

Verdict set_ends_in_reverse(const Timeline& timeline) {
  Verdict order = terminated_in_reverse(timeline);
  const auto missing = Course{timeline}.missing<steps::LetEnd>();
  return missing && order.outcome == Outcome::kConformant ? inconclusive(*missing) : order;
}

Verdict deployment_ends_at_once(const Timeline& timeline) {
  return judge_step<steps::ScaleDown>(
      timeline, {"pods"}, "deletion of all the Deployment's pods was requested before the first was gone",
      [](JudgedStep& under) {
        std::map<std::string_view, const Pod*> untold = sides_of(under.before, under.subject).loose;
        if (untold.size() < 2)
          return under.judgement.doubt(
              "fewer than two pods were to be deleted, so it cannot be seen whether the controller waits");
        const auto find = [&](const Observation& breach, const char* when) {
          for (const auto& [name, pod] : untold)
            under.find(pod->meta.ref, fmt::format("{} is deleted without waiting for the others", name),
                       fmt::format("its deletion had not been requested at {}, {}", moment(breach), when),
                       breach, look_at_pods(under.subject));
        };
        for (const Observation& seen : under.during) {
          const Pod* pod = seen.object<Pod>();
          if (pod == nullptr || !is_loose(*pod)) continue;
          if (pod->terminating() || seen.is_deletion()) untold.erase(pod->meta.ref.name);
          if (seen.is_deletion()) return find(seen, "when the first pod was gone");
        }
        if (!untold.empty() && under.overdue(kNoHindrance))
          find(*under.step.end, "when the step's time ran out");
      });
}

}  // namespace stateproof::check
