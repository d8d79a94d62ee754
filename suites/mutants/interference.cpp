#include "suites/mutants/interference.h"

#include <fmt/format.h>

#include "fixtures/quiet/quiet.h"
#include "harness/check/upgrade/upgrade.h"
#include "suites/scenarios/disruptions/disruptions.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::mutants {
namespace {

using nlohmann::json;
using record::Standing;
using record::View;
using scenarios::Stage;
using namespace std::chrono_literals;

const record::Within kHarm{180s, "pods that stop and start"};

Subject quiet(Stage& stage, const char* name) {
  return fixtures::quiet_subject(stage.subject().ns, fixtures::quiet_set(name));
}

void await(Stage& stage, const record::Condition& condition) {
  const record::Waited waited = stage.recorder().await(condition, kHarm, stage.stop());
  if (waited.result == record::Waited::Result::kStopped) throw scenarios::Interrupted();
  if (waited.result != record::Waited::Result::kReached)
    throw scenarios::HarnessTrouble("The interference failed: " + waited.text);
}

void delete_and_await(Stage& stage, const Subject& set, Ordinal ordinal) {
  const std::string name = set.pod_name(ordinal);
  const Uid former = stage.pod_now(name).uid;
  stage.remove(kube::kPods, name);
  await(stage, scenarios::replaced(set, ordinal, former));
}

}  // namespace

void touch_templates(Stage& stage) {
  for (const fixtures::QuietSet& set : fixtures::quiet_sets()) {
    const Subject subject = fixtures::quiet_subject(stage.subject().ns, set);
    const std::string pod = subject.pod_name({subject.first.value + subject.replicas.value - 1});
    const Uid former = stage.pod_now(pod).uid;
    stage.patch(kube::kStatefulSets, subject.set,
                {{"spec", {{"template", {{"metadata", {{"annotations", {{"touched-by", "webhook"}}}}}}}}}});
    // OnDelete pods stay as they are; their set has a new revision all the same.
    if (set.spec.contains("updateStrategy") && set.spec["updateStrategy"].value("type", "") == "OnDelete")
      continue;
    await(stage, scenarios::replaced(subject, {subject.first.value + subject.replicas.value - 1}, former));
  }
}

void delete_a_pod_by_hand(Stage& stage) {
  const Subject set = quiet(stage, fixtures::kQuietParallel);
  delete_and_await(stage, set, set.first);
}

void change_a_default(Stage& stage) {
  const std::string set = fixtures::kQuietOrdered;
  const auto generation = stage.patch(kube::kStatefulSets, set, {{"spec", {{"revisionHistoryLimit", 5}}}})
                              .at("metadata")
                              .at("generation")
                              .get<std::int64_t>();
  await(stage, scenarios::worked_through(quiet(stage, fixtures::kQuietOrdered), generation));
}

void make_a_claim_anew(Stage& stage) {
  const Subject set = quiet(stage, fixtures::kQuietOrdered);
  stage.remove(kube::kClaims, set.claim_name(set.first));
  delete_and_await(stage, set, set.first);
}

void restart_a_database(Stage& stage) {
  const Ordinal replica{stage.subject().first.value + 1};
  const std::string name = stage.subject().pod_name(replica);
  scenarios::signal_server(stage, replica, "TERM");
  await(stage, [name](const View& view) {
    const auto pod = view.pods.find(name);
    bool restarted = false;
    if (pod != view.pods.end())
      for (const ContainerState& container : pod->second.containers)
        restarted = restarted || (container.restarts > 0 && pod->second.ready);
    return Standing{restarted, name + " not restarted yet", {}};
  });
}

// A Service that selects nobody has no records. The outage ends when the budget of the control plane is
// spent.
void take_the_names_away(Stage& stage) {
  const std::string service = stage.subject().service;
  const std::string member = stage.subject().pod_name(stage.subject().first);
  const auto spent = std::chrono::duration_cast<Elapsed>(
      std::chrono::duration<double>(check::UpgradeBudget{}.control_plane_gap + 3));
  const auto failed_since = [member](Elapsed since) {
    return [member, since](const View& view) {
      const auto read = view.ledger.reads.find(member);
      const bool failed = read != view.ledger.reads.end() && !read->second.ok && read->second.began > since;
      return Standing{failed, member + " is still readable by its name", {}};
    };
  };
  const Elapsed before = stage.recorder().elapsed();
  stage.patch(kube::kServices, service, {{"spec", {{"selector", {{"app", "nobody"}}}}}});
  await(stage, failed_since(before));
  await(stage, failed_since(stage.recorder().elapsed() + spent));
  stage.patch(kube::kServices, service, {{"spec", {{"selector", {{"app", "mariadb"}}}}}});
  await(stage, [&](const View& view) {
    const auto read = view.ledger.reads.find(member);
    return Standing{
        read != view.ledger.reads.end() && read->second.ok, member + " is not readable again yet", {}};
  });
}

void delete_first_rows(Stage& stage) {
  stage.exec(stage.subject().first, {"sh", "-c",
                                     "MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -uroot -e 'DELETE FROM "
                                     "stateproof.ledger WHERE number <= 20'"});
}

}  // namespace stateproof::mutants
