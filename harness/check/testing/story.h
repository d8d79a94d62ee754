#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// Tells a history in the order in which it happened, for checkers to judge:
///
///   Story{}.created(0).ready(0).created(1)
///
/// Each verb adds one entry, a second after the one before unless said otherwise. The subject is StatefulSet
/// mariadb of three replicas in namespace database; the recording is complete. Ordinals stand for pods:
/// mariadb-0 is 0.
class Story {
 public:
  Story();
  /// A whole lifecycle as a conforming cluster plays it.
  static Story lifecycle();

  operator const Timeline&() const {
    return timeline_;
  }  // NOLINT(google-explicit-constructor): it reads well
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }
  /// Index of the latest entry.
  [[nodiscard]] std::size_t last() const { return timeline_.size(); }
  Story& subject(const std::function<void(Subject&)>& change);

  // Time and the recording itself.
  Story& after(std::chrono::milliseconds pause);
  Story& gap(const std::string& resource);
  Story& cut_off();
  Story& interrupted();
  /// Changes every entry told so far.
  Story& rewrite(const std::function<void(Entry&)>& change);

  // What the scenario does.
  Story& begins(const Task& task);
  Story& reaches(StepName step);
  Story& times_out(StepName step, const std::string& text = {});
  template <StepType S>
  Story& reaches() {
    return reaches(S::name);
  }
  /// The same, with what the API server answered.
  template <StepType S>
  Story& reaches(const nlohmann::json& answer) {
    S step = tasks_.at(std::string{S::name.text}).template as<S>().value();
    step.answer = std::make_shared<const nlohmann::json>(answer);
    tasks_.insert_or_assign(std::string{S::name.text}, Task{step});
    return reaches<S>();
  }
  template <StepType S>
  Story& times_out(const std::string& text = {}) {
    return times_out(S::name, text);
  }
  Story& fault(int ordinal);

  // What the cluster does to pods. A pod that is recreated has a new UID and, once Ready, a new address.
  Story& set_served();
  /// The set as it was told last, changed; each state has a resourceVersion of its own, "1", "2", ...
  Story& set(const std::function<void(StatefulSet&)>& change);
  Story& created(int ordinal);
  Story& created_as(const std::string& name);
  /// The controller says that it may not create pods.
  Story& refused(const std::string& why);
  /// A kubelet or the scheduler says what keeps the pod from starting.
  Story& complained_of(int ordinal, const std::string& why);
  Story& ready(int ordinal);
  Story& unready(int ordinal);
  Story& terminating(int ordinal);
  Story& deleted(int ordinal);
  /// The pod as it is, delivered by a list.
  Story& listed(int ordinal);
  /// After a gap: the pod as it is now, changed, as the list tells it.
  Story& relisted(int ordinal, const std::function<void(Pod&)>& change = [](Pod&) {});
  /// After a gap: a pod that the list told nothing of any more.
  Story& vanished(const Pod& pod);
  Story& modified(int ordinal, const std::function<void(Pod&)>& change);
  /// What every pod that is created from now on looks like.
  Story& pods_look(std::function<void(Pod&, int ordinal)> change);
  [[nodiscard]] const Pod& pod(int ordinal) const { return pods_.at(ordinal); }

  // What it does to claims and volumes.
  Story& claim_pending(int ordinal);
  /// The claim and its volume, bound to each other: two entries.
  Story& bound(int ordinal);
  Story& claim(int ordinal, const std::function<void(Claim&)>& change);
  Story& volume(int ordinal, const std::function<void(Volume&)>& change);
  Story& claim_deleted(int ordinal);
  Story& volume_deleted(int ordinal);
  Story& node(const std::string& name, const std::function<void(Node&)>& change = [](Node&) {});
  Story& budget(int allowed, int healthy);
  Story& service(const std::function<void(Service&)>& change = [](Service&) {});

  // What clients see. Without a client's name, both see it: one entry each, 10 ms apart.
  Story& answers(int ordinal, const std::vector<std::string>& addresses);
  Story& answers_with(int ordinal, const std::string& rcode);
  Story& answers_to(const std::string& client, int ordinal, const DnsAnswer& answer);
  /// The right answer for the present pod.
  Story& resolves(int ordinal);
  Story& writes(int ordinal, SqlOperation::Outcome outcome = SqlOperation::Outcome::kOk);
  /// Everything that was written to the member, as its present pod shows it.
  Story& reads(int ordinal);
  Story& reads(int ordinal, const std::vector<Row>& rows);
  Story& read_fails(int ordinal, const std::string& note);
  [[nodiscard]] const std::vector<Row>& rows(int ordinal) const { return rows_.at(ordinal); }
  Story& mounts(int ordinal);
  Story& mounts(int ordinal, const std::function<void(MountSeen&)>& change);
  /// The right host names inside the present pod, or changed ones.
  Story& host_names(int ordinal, const std::function<void(HostNameSeen&)>& change = [](HostNameSeen&) {});

  // Chapters of the lifecycle, as a conforming cluster plays them.
  Story& deployed();
  Story& member_added(int ordinal);
  Story& replaced(int ordinal);
  Story& member_removed(int ordinal);
  Story& scaled_up();
  Story& scaled_down();
  Story& scaled_back();
  Story& cleaned_up();

 private:
  Story& tell(Entry entry);
  Story& warned(const ObjectRef& about, const std::string& reason, const std::string& why);
  Story& see(Change change, KubeObject object);
  Story& step(StepName name, Step::Phase phase, const std::string& text);
  Claim& claim_of(int ordinal);
  Volume& volume_of(int ordinal);

  Timeline timeline_;
  Elapsed now_{0};
  Elapsed pause_{std::chrono::seconds{1}};
  StatefulSet set_;
  int set_states_ = 0;
  std::map<int, int> incarnations_;
  int addresses_ = 0;
  std::map<int, Pod> pods_;
  std::map<int, int> claim_lives_;
  std::map<int, Claim> claims_;
  std::map<int, Volume> volumes_;
  std::map<int, std::vector<Row>> rows_;
  std::map<std::string, Task> tasks_;  ///< that began, by name
  std::function<void(Pod&, int)> look_ = [](Pod&, int) {};
};

inline const char* const kNearClient = "database/client";
inline const char* const kFarClient = "elsewhere/client";

}  // namespace stateproof::check
