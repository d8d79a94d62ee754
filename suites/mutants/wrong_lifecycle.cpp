#include "suites/mutants/wrong_lifecycle.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void stop_a_lower_pod_first(Timeline& timeline) {
  const std::size_t index = begin_of<steps::ScaleDown>(timeline) + 1;
  Pod pod = pod_before(timeline, pod_of(timeline, 2), index);
  pod.meta.deletion = Timestamp{};
  insert_object_before(timeline, index, Change::kModified, std::move(pod));
}

void create_one_too_many(Timeline& timeline) {
  const std::size_t index = end_of<steps::Create>(timeline);
  Pod pod = pod_before(timeline, pod_of(timeline, 2), index);
  pod.meta.ref.name = pod_of(timeline, 7);
  pod.meta.ref.uid = {"one-too-many"};
  insert_object_before(timeline, index, Change::kAdded, std::move(pod));
}

void let_two_live(Timeline& timeline) {
  const std::size_t index = end_of<steps::Create>(timeline);
  Pod pod = pod_before(timeline, pod_of(timeline, 1), index);
  pod.meta.ref.uid = {"second-life"};
  insert_object_before(timeline, index, Change::kAdded, std::move(pod));
}

// Every answer for mariadb-1 tells the address of mariadb-0's namesake.
void mix_names_up(Timeline& timeline) {
  const std::string name = timeline.subject().dns_name({timeline.subject().first.value + 1});
  bool changed = false;
  for (Observation& seen : timeline.observations)
    if (auto* answer = std::get_if<DnsAnswer>(&seen.what);
        answer != nullptr && answer->name == name && !answer->addresses.empty()) {
      answer->addresses = {"192.0.2.1"};
      changed = true;
    }
  must(changed, "answer for a pod's name");
}

// The answer from before the replacement is the last one that anybody gets.
void keep_the_old_address(Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const std::string name = subject.dns_name(subject.first);
  const std::size_t begin = begin_of<steps::Replace>(timeline);
  bool changed = false;
  std::vector<std::string> old;
  for (Observation& seen : timeline.observations) {
    auto* answer = std::get_if<DnsAnswer>(&seen.what);
    if (answer == nullptr || answer->name != name || answer->type != "A") continue;
    if (seen.index < begin && !answer->addresses.empty()) old = answer->addresses;
    if (seen.index < begin || old.empty()) continue;
    changed = changed || answer->addresses != old;
    answer->addresses = old;
    answer->rcode = "NOERROR";
  }
  must(changed, "answer that follows a replacement");
  // Longer than any cache may keep it: the end of the step that waits for the new answer comes late.
  delay_from(timeline, end_of<steps::Resolve>(timeline, 2), 120s);
}

void bind_to_a_stranger(Timeline& timeline) {
  change_objects<Volume>(timeline, [&](Volume& volume, const Observation&) {
    if (volume.claim.name != claim_of(timeline, 1)) return false;
    volume.claim.uid = {"a-stranger"};
    return true;
  });
}

void give_a_new_claim(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Replace>(timeline);
  const std::size_t end = end_of<steps::Replace>(timeline);
  Claim claim = claim_before(timeline, claim_of(timeline, 0), begin);
  insert_object_before(timeline, end, Change::kDeleted, claim);
  claim.meta.ref.uid = {"a-new-claim"};
  claim.volume = "a-new-volume";
  insert_object_before(timeline, end + 1, Change::kAdded, std::move(claim));
}

// The volume is the same object, and leads to another folder.
void move_the_volume(Timeline& timeline) {
  const std::size_t end = end_of<steps::Replace>(timeline);
  Volume volume = volume_before(timeline, claim_before(timeline, claim_of(timeline, 0), end).volume, end);
  volume.host_path += "-elsewhere";
  insert_object_before(timeline, end, Change::kModified, std::move(volume));
}

void mount_one_volume_twice(Timeline& timeline) {
  const MountSeen* first = nullptr;
  bool changed = false;
  for (Observation& seen : timeline.observations) {
    auto* mount = std::get_if<MountSeen>(&seen.what);
    if (mount == nullptr) continue;
    if (first == nullptr) first = mount;
    if (mount->member == first->member) continue;
    mount->root = first->root;
    mount->source = first->source;
    changed = true;
  }
  must(changed, "second mount");
}

void come_back_to_another_claim(Timeline& timeline) {
  const std::string name = pod_of(timeline, 0);
  const Uid former = pod_before(timeline, name, begin_of<steps::Replace>(timeline)).meta.ref.uid;
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != name || pod.meta.ref.uid == former) return false;
    for (auto& [volume, claim] : pod.volume_claims) claim = "another-claim";
    return true;
  });
}

void lose_the_old_rows(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ScaleBack>(timeline);
  bool changed = false;
  for (Observation& seen : timeline.observations)
    if (auto* read = std::get_if<SqlOperation>(&seen.what);
        read != nullptr && seen.index > begin && read->kind == SqlOperation::Kind::kRead) {
      read->rows.clear();
      changed = true;
    }
  must(changed, "read after the scale-up");
}

void leave_a_pod_without_its_owner(Timeline& timeline) {
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != pod_of(timeline, 1)) return false;
    pod.meta.owners.clear();
    return true;
  });
}

}  // namespace

std::vector<WrongHistory> wrong_lifecycles() {
  return {
      {"lower-pod-first", "a scale-down deletes a lower pod before the highest", "ordered-creation", "ORD-03",
       stop_a_lower_pod_first},
      {"one-too-many", "a pod outside the wanted ordinals is created", "ordered-creation", "ID-01",
       create_one_too_many},
      {"two-of-one-name", "two pods have the same name at the same time", "ordered-creation", "ID-05",
       let_two_live},
      {"gone-while-running", "a removed pod is gone before its container has terminated", "ordered-creation",
       "ID-05b", go_while_running},
      {"names-mixed-up", "a pod's name resolves to another pod's address", "stable-dns", "DNS-02",
       mix_names_up},
      {"stale-name", "a replaced pod's name keeps the old address", "stable-dns", "DNS-04",
       keep_the_old_address},
      {"volume-of-a-stranger", "a volume refers to a claim other than the one that uses it", "claim-binding",
       "STO-02", bind_to_a_stranger},
      {"new-claim", "a replaced pod gets a new claim with the old name", "claim-binding", "STO-03",
       give_a_new_claim},
      {"volume-elsewhere", "the volume of a replaced pod points to another location", "claim-binding",
       "STO-03", move_the_volume},
      {"one-volume-twice", "two pods mount the same volume", "claim-binding", "STO-06",
       mount_one_volume_twice},
      {"another-claim", "a replaced pod uses a different claim", "claim-binding", "ID-04",
       come_back_to_another_claim},
      {"rows-gone", "a pod that is recreated by a scale-up lacks its rows", "claim-retention", "SCL-01",
       lose_the_old_rows},
      {"pod-without-owner", "a pod of the set has no controller", "pods-are-owned", "ID-08",
       leave_a_pod_without_its_owner},
  };
}

}  // namespace stateproof::mutants
