#include "harness/check/identity/host_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"

namespace stateproof::check {
namespace {

/// Judges each look into a container; inconclusive unless two lives of one pod's name were looked into.
/// `judge(pod, seen)` gives what was expected, and what was found instead when that differs.
template <class Judge>
Verdict judge_looks(const Timeline& timeline, std::string_view judged, Judge judge) {
  const Course course{timeline};
  const Incarnations pods{course.judged(), timeline.subject()};
  Judgement judgement{course, {"pods"}};
  std::map<Ordinal, std::set<Uid>> lives;
  std::size_t looks = 0;
  for (const Observation& entry : course.judged()) {
    const auto* seen = entry.as<HostNameSeen>();
    const Incarnation* pod = seen == nullptr ? nullptr : pods.find(seen->pod);
    if (pod == nullptr) continue;
    ++looks;
    lives[pod->ordinal].insert(seen->pod);
    const auto [expected, observed] = judge(*pod, *seen);
    if (observed.empty()) continue;
    judgement.find({pod->ref,
                    expected,
                    observed,
                    {pod->appeared->index, entry.index},
                    fmt::format("spec.hostname, spec.subdomain and spec.hostnameOverride: kubectl -n {} get "
                                "pod {} -o yaml",
                                pod->ref.ns, pod->ref.name)});
  }
  const bool replaced =
      std::any_of(lives.begin(), lives.end(), [](const auto& one) { return one.second.size() > 1; });
  if (looks == 0)
    judgement.doubt(course.cut_short().value_or("no host name was read"));
  else if (!replaced)
    judgement.doubt("no host name was read again after a pod was replaced");
  return std::move(judgement).verdict(
      fmt::format("{} {}", counted(looks, "host name", "host names"), judged));
}

struct Compared {
  std::string expected;
  std::string observed;  ///< empty: as expected
};

}  // namespace

Verdict host_name_is_pod_name(const Timeline& timeline) {
  return judge_looks(timeline, "equal to the name of the pod, before and after replacement",
                     [](const Incarnation& pod, const HostNameSeen& seen) {
                       Compared compared{fmt::format("the host name in {} is {}", pod.ref.name, pod.ref.name),
                                         {}};
                       if (seen.name != pod.ref.name)
                         compared.observed = fmt::format("it is \"{}\"", seen.name);
                       return compared;
                     });
}

Verdict full_host_name_is_in_the_service(const Timeline& timeline) {
  return judge_looks(timeline, "in the domain of the governing Service",
                     [&](const Incarnation& pod, const HostNameSeen& seen) {
                       // The cluster's own domain, which follows, is the cluster's to choose.
                       const std::string wanted =
                           fmt::format("{}.{}.{}.svc.", pod.ref.name, timeline.subject().service, pod.ref.ns);
                       Compared compared{
                           fmt::format("the full host name in {} begins with {}", pod.ref.name, wanted), {}};
                       if (!seen.qualified.starts_with(wanted))
                         compared.observed = fmt::format("it is \"{}\"", seen.qualified);
                       return compared;
                     });
}

}  // namespace stateproof::check
