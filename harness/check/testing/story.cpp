#include "harness/check/testing/story.h"

#include "harness/model/steps.h"

#include <utility>

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;

const Timestamp kSomeTime{};
const auto kServed = std::make_shared<const nlohmann::json>(nlohmann::json::object());

std::string numbered(const std::string& what, int number) { return what + "#" + std::to_string(number); }

}  // namespace

Story::Story() {
  timeline_.header.scenario = "lifecycle";
  timeline_.header.subject = {.ns = "database",
                              .set = "mariadb",
                              .service = "mariadb",
                              .claim_template = "mariadb-data",
                              .mount_path = "/var/lib/mysql",
                              .container = "mariadb"};
  timeline_.finish = End{};
}

Story Story::lifecycle() {
  Story story;
  story.deployed().replaced(0).replaced(1).replaced(2);
  story.scaled_up().scaled_down().scaled_back().cleaned_up();
  return story;
}

Story& Story::subject(const std::function<void(Subject&)>& change) {
  change(timeline_.header.subject);
  return *this;
}

Story& Story::tell(Entry entry) {
  now_ += pause_;
  pause_ = 1s;
  timeline_.observations.push_back({timeline_.size() + 1, now_, std::move(entry)});
  return *this;
}

Story& Story::see(Change change, KubeObject object) {
  return tell(ObjectSeen{change, std::move(object), kServed, false});
}

Story& Story::after(std::chrono::milliseconds pause) {
  pause_ = pause;
  return *this;
}

Story& Story::gap(const std::string& resource) { return tell(Gap{resource, "410 Gone"}); }

Story& Story::cut_off() {
  timeline_.finish.reset();
  return *this;
}

Story& Story::interrupted() {
  timeline_.finish = End{End::Reason::kInterrupted, "by the user", {}};
  return *this;
}

Story& Story::rewrite(const std::function<void(Entry&)>& change) {
  for (Observation& seen : timeline_.observations) change(seen.what);
  return *this;
}

Story& Story::step(StepName name, Step::Phase phase, const std::string& text) {
  return tell(Step{tasks_.at(std::string{name.text}), phase, text});
}

Story& Story::begins(const Task& task) {
  tasks_.insert_or_assign(task.name(), task);
  return tell(Step{task, Step::Phase::kBegin});
}

Story& Story::reaches(StepName name) { return step(name, Step::Phase::kReached, {}); }

Story& Story::times_out(StepName name, const std::string& text) {
  return step(name, Step::Phase::kTimedOut, text);
}

Story& Story::fault(int ordinal) {
  return tell(FaultMark{"DeletePod", FaultMark::Phase::kInject, pods_.at(ordinal).meta.ref});
}

Story& Story::set_served() {
  StatefulSet set;
  set.meta.ref = {"StatefulSet", "database", "mariadb", Uid{"set"}};
  return see(Change::kAdded, set);
}

Story& Story::set(const std::function<void(StatefulSet&)>& change) {
  set_.meta.ref = {"StatefulSet", "database", "mariadb", Uid{"set"}};
  set_.meta.resource_version = std::to_string(++set_states_);
  change(set_);
  return see(Change::kModified, set_);
}

Story& Story::created(int ordinal) {
  const Subject& subject = timeline_.subject();
  const std::string name = subject.pod_name({ordinal});
  Pod pod;
  pod.meta.ref = {"Pod", subject.ns, name, Uid{numbered(name, ++incarnations_[ordinal])}};
  pod.meta.owners = {{"StatefulSet", subject.set, Uid{"set"}, true}};
  pod.phase = "Pending";
  pod.node = "node-" + std::to_string(ordinal % 2);
  pod.hostname = name;
  pod.volume_claims = {{subject.claim_template, subject.claim_name({ordinal})}};
  pod.mounts = {{subject.container, subject.claim_template, subject.mount_path}};
  look_(pod, ordinal);
  pods_[ordinal] = pod;
  return see(Change::kAdded, pod);
}

Story& Story::created_as(const std::string& name) {
  Pod pod;
  pod.meta.ref = {"Pod", "database", name, Uid{numbered(name, 1)}};
  pod.meta.owners = {{"StatefulSet", "mariadb", Uid{"set"}, true}};
  pod.phase = "Pending";
  return see(Change::kAdded, pod);
}

Story& Story::modified(int ordinal, const std::function<void(Pod&)>& change) {
  change(pods_.at(ordinal));
  return see(Change::kModified, pods_.at(ordinal));
}

Story& Story::pods_look(std::function<void(Pod&, int)> change) {
  look_ = std::move(change);
  return *this;
}

Story& Story::ready(int ordinal) {
  return modified(ordinal, [&](Pod& pod) {
    pod.phase = "Running";
    pod.ready = true;
    if (pod.addresses.empty()) pod.addresses = {"10.0.0." + std::to_string(++addresses_)};
  });
}

Story& Story::unready(int ordinal) {
  return modified(ordinal, [](Pod& pod) { pod.ready = false; });
}

Story& Story::terminating(int ordinal) {
  return modified(ordinal, [](Pod& pod) { pod.meta.deletion = kSomeTime; });
}

Story& Story::deleted(int ordinal) {
  const Pod pod = std::move(pods_.at(ordinal));
  pods_.erase(ordinal);
  return see(Change::kDeleted, pod);
}

Story& Story::relisted(int ordinal, const std::function<void(Pod&)>& change) {
  change(pods_.at(ordinal));
  return tell(ObjectSeen{Change::kModified, pods_.at(ordinal), kServed, true});
}

Story& Story::vanished(const Pod& pod) { return tell(ObjectSeen{Change::kDeleted, pod, kServed, true}); }

Story& Story::refused(const std::string& why) {
  const Subject& subject = timeline_.subject();
  return warned({"StatefulSet", subject.ns, subject.set, {}}, "FailedCreate", why);
}

Story& Story::complained_of(int ordinal, const std::string& why) {
  return warned(pods_.at(ordinal).meta.ref, "FailedMount", why);
}

Story& Story::warned(const ObjectRef& about, const std::string& reason, const std::string& why) {
  const nlohmann::json event{
      {"kind", "Event"},
      {"metadata", {{"name", "warned"}, {"namespace", about.ns}, {"uid", "warned"}}},
      {"involvedObject",
       {{"kind", about.kind}, {"namespace", about.ns}, {"name", about.name}, {"uid", about.uid.value}}},
      {"reason", reason},
      {"type", "Warning"},
      {"message", why}};
  return tell(
      ObjectSeen{Change::kAdded, parse_object(event), std::make_shared<const nlohmann::json>(event), false});
}

Story& Story::node(const std::string& name, const std::function<void(Node&)>& change) {
  Node node;
  node.meta.ref = {"Node", "", name, Uid{name}};
  node.ready = true;
  change(node);
  return see(Change::kModified, node);
}

Story& Story::budget(int allowed, int healthy) {
  DisruptionBudget budget;
  budget.meta.ref = {"PodDisruptionBudget", timeline_.subject().ns, "budget", Uid{"budget"}};
  budget.observed_generation = 1;
  budget.allowed = allowed;
  budget.healthy = healthy;
  return see(Change::kModified, budget);
}

Story& Story::listed(int ordinal) { return see(Change::kListed, pods_.at(ordinal)); }

Claim& Story::claim_of(int ordinal) {
  const auto [known, is_new] = claims_.try_emplace(ordinal);
  if (is_new) {
    const std::string name = timeline_.subject().claim_name({ordinal});
    known->second.meta.ref = {"PersistentVolumeClaim", "database", name,
                              Uid{numbered(name, ++claim_lives_[ordinal])}};
    known->second.phase = "Pending";
  }
  return known->second;
}

Volume& Story::volume_of(int ordinal) {
  const auto [known, is_new] = volumes_.try_emplace(ordinal);
  if (is_new) {
    const ObjectRef& claim = claim_of(ordinal).meta.ref;
    known->second.meta.ref = {"PersistentVolume", "", "pv-" + claim.uid.value,
                              Uid{"uid of pv-" + claim.uid.value}};
    known->second.phase = "Bound";
    known->second.claim = claim;
    known->second.host_path = "/opt/volumes/" + known->second.meta.ref.name;
  }
  return known->second;
}

Story& Story::claim_pending(int ordinal) { return see(Change::kAdded, claim_of(ordinal)); }

Story& Story::bound(int ordinal) {
  see(Change::kAdded, volume_of(ordinal));
  return claim(ordinal, [&](Claim& claim) {
    claim.phase = "Bound";
    claim.volume = volume_of(ordinal).meta.ref.name;
  });
}

Story& Story::claim(int ordinal, const std::function<void(Claim&)>& change) {
  change(claim_of(ordinal));
  return see(Change::kModified, claim_of(ordinal));
}

Story& Story::volume(int ordinal, const std::function<void(Volume&)>& change) {
  change(volume_of(ordinal));
  return see(Change::kModified, volume_of(ordinal));
}

Story& Story::claim_deleted(int ordinal) {
  const Claim claim = std::move(claim_of(ordinal));
  claims_.erase(ordinal);
  return see(Change::kDeleted, claim);
}

Story& Story::volume_deleted(int ordinal) {
  const Volume volume = std::move(volume_of(ordinal));
  volumes_.erase(ordinal);
  return see(Change::kDeleted, volume);
}

Story& Story::service(const std::function<void(Service&)>& change) {
  Service service;
  service.meta.ref = {"Service", "database", "mariadb", Uid{"service"}};
  service.cluster_ip = "None";
  service.ip_families = {"IPv4"};
  change(service);
  return see(Change::kAdded, service);
}

Story& Story::answers_to(const std::string& client, int ordinal, const DnsAnswer& answer) {
  DnsAnswer told = answer;
  told.vantage = client;
  told.name = timeline_.subject().dns_name({ordinal});
  if (told.server.empty()) told.server = "10.96.0.10";
  return tell(std::move(told));
}

Story& Story::answers(int ordinal, const std::vector<std::string>& addresses) {
  DnsAnswer answer;
  answer.rcode = "NOERROR";
  answer.addresses = addresses;
  return answers_to(kNearClient, ordinal, answer).after(10ms).answers_to(kFarClient, ordinal, answer);
}

Story& Story::answers_with(int ordinal, const std::string& rcode) {
  DnsAnswer answer;
  answer.rcode = rcode;
  return answers_to(kNearClient, ordinal, answer).after(10ms).answers_to(kFarClient, ordinal, answer);
}

Story& Story::resolves(int ordinal) { return answers(ordinal, pods_.at(ordinal).addresses); }

Story& Story::writes(int ordinal, SqlOperation::Outcome outcome) {
  std::vector<Row>& rows = rows_[ordinal];
  SqlOperation write;
  write.kind = SqlOperation::Kind::kWrite;
  write.outcome = outcome;
  write.member = timeline_.subject().pod_name({ordinal});
  write.pod = pods_.at(ordinal).meta.ref.uid;
  for (int i = 0; i < 3; ++i) {
    const std::string key = write.member + "/" + std::to_string(rows.size());
    rows.push_back({key, "checksum of " + key});
    write.rows.push_back(rows.back());
  }
  write.began = now_ + 100ms;
  write.ended = now_ + 200ms;
  return tell(std::move(write));
}

Story& Story::reads(int ordinal) { return reads(ordinal, rows_.at(ordinal)); }

Story& Story::reads(int ordinal, const std::vector<Row>& rows) {
  SqlOperation read;
  read.member = timeline_.subject().pod_name({ordinal});
  read.pod = pods_.at(ordinal).meta.ref.uid;
  read.began = now_ + 100ms;
  read.ended = now_ + 200ms;
  read.rows = rows;
  return tell(std::move(read));
}

Story& Story::read_fails(int ordinal, const std::string& note) {
  SqlOperation read;
  read.outcome = SqlOperation::Outcome::kFailed;
  read.member = timeline_.subject().pod_name({ordinal});
  read.pod = pods_.at(ordinal).meta.ref.uid;
  read.note = note;
  return tell(std::move(read));
}

Story& Story::mounts(int ordinal) {
  return mounts(ordinal, [](MountSeen&) {});
}

Story& Story::mounts(int ordinal, const std::function<void(MountSeen&)>& change) {
  MountSeen mount;
  mount.member = timeline_.subject().pod_name({ordinal});
  mount.pod = pods_.at(ordinal).meta.ref.uid;
  mount.path = timeline_.subject().mount_path;
  mount.present = true;
  mount.root = "/var/lib/node/volumes/" + volume_of(ordinal).meta.ref.name;
  mount.source = "/dev/vda1";
  mount.fs_type = "ext4";
  change(mount);
  return tell(std::move(mount));
}

Story& Story::member_added(int ordinal) {
  claim_pending(ordinal).created(ordinal).bound(ordinal).ready(ordinal);
  return *this;
}

Story& Story::host_names(int ordinal, const std::function<void(HostNameSeen&)>& change) {
  const ObjectRef& pod = pods_.at(ordinal).meta.ref;
  HostNameSeen seen{pod.name, pod.uid, pod.name, timeline_.subject().dns_name({ordinal})};
  change(seen);
  return tell(std::move(seen));
}

Story& Story::deployed() {
  begins(steps::Create{.replicas = {3}}).service().set_served();
  for (int ordinal = 0; ordinal < 3; ++ordinal) member_added(ordinal);
  reaches<steps::Create>().begins(steps::Resolve{});
  for (int ordinal = 0; ordinal < 3; ++ordinal) resolves(ordinal);
  reaches<steps::Resolve>().begins(steps::Write{});
  for (int ordinal = 0; ordinal < 3; ++ordinal) writes(ordinal).mounts(ordinal);
  return reaches<steps::Write>();
}

Story& Story::replaced(int ordinal) {
  begins(steps::Replace{.ordinal = {ordinal}})
      .fault(ordinal)
      .terminating(ordinal)
      .answers_with(ordinal, "NXDOMAIN");
  deleted(ordinal).created(ordinal).ready(ordinal).reaches<steps::Replace>().resolves(ordinal);
  return begins(steps::Read{.ordinal = Ordinal{ordinal}})
      .reads(ordinal)
      .mounts(ordinal)
      .reaches<steps::Read>();
}

Story& Story::member_removed(int ordinal) {
  return terminating(ordinal).answers_with(ordinal, "NXDOMAIN").deleted(ordinal);
}

Story& Story::scaled_up() {
  begins(steps::ScaleUp{.from = 3, .to = 5}).member_added(3).member_added(4).reaches<steps::ScaleUp>();
  return resolves(3).resolves(4).writes(3).mounts(3).writes(4).mounts(4);
}

Story& Story::scaled_down() {
  begins(steps::ScaleDown{.from = 5, .to = 2}).member_removed(4).member_removed(3).member_removed(2);
  return reaches<steps::ScaleDown>();
}

Story& Story::scaled_back() {
  begins(steps::ScaleBack{.from = 2, .to = 3}).created(2).ready(2).reaches<steps::ScaleBack>();
  return resolves(2).begins(steps::Read{.ordinal = Ordinal{2}}).reads(2).mounts(2).reaches<steps::Read>();
}

Story& Story::cleaned_up() {
  begins(steps::Cleanup{});
  for (const int ordinal : {0, 1, 2}) terminating(ordinal).deleted(ordinal).claim_deleted(ordinal);
  return reaches<steps::Cleanup>();
}

}  // namespace stateproof::check
