#include "harness/check/storage/mounted_volume.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/storage/bindings.h"

namespace stateproof::check {
namespace {

std::string_view last_component(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

bool same_name(std::string_view a, std::string_view b) { return last_component(a) == last_component(b); }

/// A volume that is a file system of its own shows "/" as its root: nothing to compare with a host path.
bool has_own_root(const MountSeen& mount) { return mount.root.empty() || mount.root == "/"; }

/// What is mounted, so that two mounts on one node can be told to be the same storage; nullopt when that
/// cannot be told, as for network and memory file systems with a root of "/".
using Storage = std::tuple<std::string, std::string, std::string>;
std::optional<Storage> storage_of(const MountSeen& mount, const Incarnation& pod) {
  if (pod.last->node.empty()) return std::nullopt;
  if (has_own_root(mount) && !mount.source.starts_with("/dev/")) return std::nullopt;
  return Storage{pod.last->node, mount.source, mount.root};
}

class Mounts {
 public:
  Mounts(const Course& course, const Subject& subject, Judgement& judgement)
      : subject_(subject),
        judgement_(judgement),
        pods_(course.judged(), subject),
        bindings_(course.judged(), subject) {
    for (const ClaimLife& claim : bindings_.claims())
      if (const VolumeLife* volume = bindings_.volume(claim.volume); volume != nullptr && claim.ordinal)
        if (const std::string& path = volume->last->host_path; !path.empty())
          owners_.try_emplace(last_component(path), *claim.ordinal);
  }

  void see(const Observation& seen) {
    const auto* mount = seen.as<MountSeen>();
    if (mount == nullptr || mount->path != subject_.mount_path) return;
    const Incarnation* pod = pods_.find(mount->pod);
    if (pod == nullptr) return;
    if (!mount->present)
      return find(*pod, fmt::format("a volume is mounted at {}", mount->path), "nothing was mounted there",
                  seen);
    judge_claim(*mount, *pod, seen);
    judge_sharing(*mount, *pod, seen);
  }

  /// Each member needs a look into its last pod before scale-down, so that replacements are covered too.
  std::size_t finish(const Course& course) {
    std::size_t proved = 0;
    for (int i = 0; i < subject_.replicas.value; ++i) {
      const Ordinal ordinal{subject_.first.value + i};
      const Incarnation* pod = latest_ready(ordinal, course);
      if (pod == nullptr)
        judgement_.doubt(fmt::format("{} was never Ready", subject_.pod_name(ordinal)));
      else if (!proved_.contains(pod))
        judgement_.doubt(
            fmt::format("what {} of {} mounts was not recorded", pod->ref.name, moment(*pod->appeared)));
      else if (const auto known = directories_.find(ordinal);
               known != directories_.end() && !known->second.is_host_path && !known->second.confirmed)
        judgement_.doubt(
            fmt::format("{}, which {} mounts, cannot be distinguished from the host path of its volume",
                        known->second.root, pod->ref.name));
      else
        ++proved;
    }
    return proved;
  }

 private:
  /// The first look at a member's directory, with which later ones are compared.
  struct Directory {
    const Incarnation* pod;
    std::string root;
    bool is_host_path;       ///< it bears the name of the volume's host path
    bool confirmed = false;  ///< the next pod found the same
  };

  /// An image that declares a VOLUME gives a mount point without any claim: presence alone proves nothing.
  void judge_claim(const MountSeen& mount, const Incarnation& pod, const Observation& seen) {
    const bool claimed = pod.last->claim_at(subject_.mount_path) == subject_.claim_name(pod.ordinal);
    const auto claims = bindings_.of(pod.ordinal);
    if (!claimed || claims.empty()) return;
    proved_.insert(&pod);
    if (has_own_root(mount)) return;
    bool is_host_path = false;
    for (const ClaimLife* claim : claims) {
      const VolumeLife* volume = bindings_.volume(claim->volume);
      if (volume == nullptr || volume->last->host_path.empty()) return;
      is_host_path = is_host_path || same_name(volume->last->host_path, mount.root);
    }
    judge_directory(mount, pod, seen, is_host_path);
  }

  /// The node's path of a directory and its root within the file system end in the same name, unless an
  /// administrator mounted one onto the other under a new name. Then it must at least stay what it is, and
  /// be no other member's.
  void judge_directory(const MountSeen& mount, const Incarnation& pod, const Observation& seen,
                       bool is_host_path) {
    if (!is_host_path)
      if (const auto owner = owners_.find(last_component(mount.root)); owner != owners_.end())
        return find(pod, fmt::format("its own volume is mounted at {}", mount.path),
                    fmt::format("{}, the directory of {}, was mounted there", mount.root,
                                subject_.pod_name(owner->second)),
                    seen);
    const auto [known, is_first] =
        directories_.try_emplace(pod.ordinal, Directory{&pod, mount.root, is_host_path});
    Directory& first = known->second;
    if (is_first || (is_host_path && first.is_host_path)) return;
    if (is_host_path != first.is_host_path || mount.root != first.root)
      return find(pod, fmt::format("{} is mounted at {} again", first.root, mount.path),
                  fmt::format("{} of {} was mounted there", mount.root, mount.source), seen);
    first.confirmed = first.confirmed || first.pod != &pod;
  }

  /// On one node, at one time. A device that was detached may come back under another volume's name.
  void judge_sharing(const MountSeen& mount, const Incarnation& pod, const Observation& seen) {
    const auto storage = storage_of(mount, pod);
    if (!storage) return;
    const Incarnation*& user = users_[*storage];
    const bool is_used = user != nullptr && (user->ending == nullptr || user->ending->index > seen.index);
    if (is_used && user->ordinal != pod.ordinal)
      return find(
          pod, fmt::format("the storage of {} is mounted in no other pod", user->ref.name),
          fmt::format("{} of {} on node {} was mounted in both", mount.root, mount.source, pod.last->node),
          seen);
    user = &pod;
  }

  [[nodiscard]] const Incarnation* latest_ready(Ordinal ordinal, const Course& course) const {
    const Incarnation* pod = pods_.latest(ordinal);
    while (pod != nullptr && (!pod->was_ready() || !course.is_before_scale_down(*pod->appeared)))
      pod = pod->former;
    return pod;
  }

  void find(const Incarnation& pod, const std::string& expected, const std::string& observed,
            const Observation& seen) {
    judgement_.find({pod.ref,
                     fmt::format("in {}, {}", pod.ref.name, expected),
                     fmt::format("{} (seen in {} at {})", observed, pod.ref.name, moment(seen)),
                     {pod.appeared->index, seen.index},
                     fmt::format("kubectl -n {} exec {} -c {} -- grep ' {} ' /proc/self/mountinfo",
                                 pod.ref.ns, pod.ref.name, subject_.container, subject_.mount_path)});
  }

  const Subject& subject_;
  Judgement& judgement_;
  Incarnations pods_;
  Bindings bindings_;
  std::set<const Incarnation*> proved_;
  std::map<std::string_view, Ordinal> owners_;  ///< of directories, by their last component
  std::map<Ordinal, Directory> directories_;
  std::map<Storage, const Incarnation*> users_;  ///< the latest of each
};

}  // namespace

Verdict own_volume_is_mounted(const Timeline& timeline) {
  const Course course{timeline};
  Judgement judgement{course, {"pods", "persistentvolumeclaims", "persistentvolumes"}};
  Mounts mounts{course, timeline.subject(), judgement};
  for (const Observation& seen : course.judged()) mounts.see(seen);
  const std::size_t proved = mounts.finish(course);
  return std::move(judgement).verdict(counted(proved, "pod", "pods") + ", each with its own volume at " +
                                      timeline.subject().mount_path);
}

}  // namespace stateproof::check
