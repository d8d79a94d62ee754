#include "harness/check/identity/pods_are_owned.h"

#include <fmt/format.h>

#include <set>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"

namespace stateproof::check {
namespace {

/// Of every set that had the subject's name: it may have been created again.
std::set<Uid> sets_of(const Timeline& timeline) {
  std::set<Uid> uids;
  for (const Observation& seen : timeline)
    if (const auto* set = seen.object<StatefulSet>(); set != nullptr &&
                                                      set->meta.ref.ns == timeline.subject().ns &&
                                                      set->meta.ref.name == timeline.subject().set)
      uids.insert(set->meta.ref.uid);
  return uids;
}

/// Where a set may have come and gone unseen, its name has to do.
class Owners {
 public:
  Owners(const Timeline& timeline, bool all_seen)
      : name_(timeline.subject().set), sets_(all_seen ? sets_of(timeline) : std::set<Uid>{}) {}

  [[nodiscard]] bool have(const OwnerReference* owner) const {
    if (owner == nullptr || owner->kind != "StatefulSet") return false;
    return sets_.empty() ? owner->name == name_ : sets_.contains(owner->uid);
  }

 private:
  std::string name_;
  std::set<Uid> sets_;
};

std::string owner_text(const OwnerReference* owner) {
  return owner == nullptr ? "no controller"
                          : fmt::format("{} {} with UID {}", owner->kind, owner->name, owner->uid.value);
}

}  // namespace

Verdict pods_are_owned(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course(timeline);
  const Owners owners(timeline, !course.lost({"statefulsets"}));
  Judgement judgement{course, {"pods", "statefulsets"}};
  judgement.doubt_if(course.cut_short());
  std::size_t states = 0;
  std::set<Uid> pods;
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || pod->meta.ref.ns != subject.ns || !ordinal_of(pod->meta.ref.name, subject.set))
      continue;
    ++states;
    pods.insert(pod->meta.ref.uid);
    const OwnerReference* owner = pod->meta.controller();
    if (owners.have(owner)) continue;
    judgement.find(
        {pod->meta.ref,
         fmt::format("its controller is StatefulSet {}, by UID, from its creation on", subject.set),
         fmt::format("it had {} at {}", owner_text(owner), moment(seen)),
         {seen.index},
         fmt::format("metadata.ownerReferences: kubectl -n {} get pod {} -o yaml", subject.ns,
                     pod->meta.ref.name)});
  }
  if (states == 0) judgement.doubt("no pod of the set was seen");
  return std::move(judgement).verdict(fmt::format("{} belonged to the set in all of their {} states",
                                                  counted(pods.size(), "pod", "pods"), states));
}

}  // namespace stateproof::check
