#include <fmt/format.h>

#include <algorithm>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/members.h"
#include "suites/scenarios/plays.h"
#include "suites/scenarios/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const record::Within kCollected{120s, "the end of the pods, then the garbage collector"};
const record::Within kDatabase{
    180s, "2 pods one after the other, each with a new volume and a first start of its database"};

record::Condition claims_gone(const Subject& subject, std::vector<Ordinal> unwanted) {
  return [&subject, unwanted = std::move(unwanted)](const record::View& view) {
    for (const Ordinal ordinal : unwanted)
      if (view.claims.contains(subject.claim_name(ordinal)))
        return record::Standing{false, "claim " + subject.claim_name(ordinal) + " is still there", {}};
    return record::Standing{true, "the claims are gone", {}};
  };
}

record::Condition set_gone(const Subject& subject) {
  return both(scaled_down(subject, {0}), [&](const record::View& view) {
    const bool gone = !view.sets.contains(subject.set);
    return record::Standing{gone, gone ? "set and pods are gone" : "the set is still there", {}};
  });
}

record::Condition volumes_gone(const Subject& subject) {
  return [&](const record::View& view) {
    for (const auto& [name, volume] : view.volumes)
      if (volume.claim.ns == subject.ns)
        return record::Standing{false, "volume " + name + " is still there", {}};
    return record::Standing{true, "the volumes are gone", {}};
  };
}

void delete_set(Stage& stage, const record::Condition& until) {
  stage.step(
      "delete-set", json::object(), "delete StatefulSet " + stage.subject().set,
      [&] { stage.remove(kube::kStatefulSets, stage.subject().set); }, until, kCollected);
}

}  // namespace

void play_retention(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  auto objects = fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas});
  fixtures::object_of_kind(objects, "StatefulSet")["spec"]["persistentVolumeClaimRetentionPolicy"] = {
      {"whenScaled", "Delete"}, {"whenDeleted", "Delete"}};
  sleepers.create(objects, both(all_ready(subject, sleepers.first(3)), counted_ready(subject, {3})));
  sleepers.replace("replace-pod", sleepers.ordinal(1));
  stage.hold("hold-claims", json::object(), "a pod that was deleted takes no claim with it", [] {});
  stage.step(
      "scale-down", {{"from", 3}, {"to", 1}}, "3 -> 1: the claims of the others go", [&] { stage.scale(1); },
      both(scaled_down(subject, {1}), claims_gone(subject, {sleepers.ordinal(1), sleepers.ordinal(2)})),
      kCollected);
  delete_set(stage, both(set_gone(subject), claims_gone(subject, sleepers.first(1))));
}

void play_protection(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  const Ordinal chosen = sleepers.ordinal(1);
  const std::string claim = subject.claim_name(chosen);
  sleepers.create(fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas}),
                  both(all_ready(subject, sleepers.first(3)), counted_ready(subject, {3})));
  stage.hold("hold-claim", {{"ordinal", chosen.value}}, "delete claim " + claim + " while its pod runs",
             [&] { stage.remove(kube::kClaims, claim); });
  Uid former;
  stage.step(
      "let-go", {{"ordinal", chosen.value}}, "delete the pod that uses the claim",
      [&] {
        former = stage.recorder().look([&](const record::View& view) {
          const auto found = view.claims.find(claim);
          return found == view.claims.end() ? Uid{} : found->second.meta.ref.uid;
        });
        stage.delete_pod(chosen);
      },
      [&](const record::View& view) {
        const auto found = view.claims.find(claim);
        const bool is_new = found != view.claims.end() && found->second.meta.ref.uid != former;
        return record::Standing{is_new, is_new ? "a new claim is there" : "the old claim is still there", {}};
      },
      kSleepersStart);
  stage.step(
      "recover", {{"ordinal", chosen.value}}, subject.pod_name(chosen) + " starts on a new claim", [] {},
      all_ready(subject, {chosen}), kSleepersStart);
}

Subject recreation_subject(const std::string& ns) {
  Subject subject = fixtures::mariadb_subject(ns);
  subject.replicas = {2};
  return subject;
}

void play_recreation(Stage& stage) {
  const Subject& subject = stage.subject();
  const auto passwords = fixtures::generate_passwords();
  const std::vector<Ordinal> all = ordinals(subject.first, subject.replicas);
  const json none = json::object();
  Members members(stage, passwords);
  const auto objects = stage.mutated(fixtures::mariadb_objects(stage.request().image, subject.replicas));

  stage.step(
      "create", {{"replicas", subject.replicas.value}}, "StatefulSet " + subject.set,
      [&] {
        stage.create(kube::kSecrets, subject.ns, fixtures::mariadb_secret(passwords));
        stage.create(objects);
      },
      all_ready(subject, all), kDatabase);
  stage.begin("write", none, "rows to each member");
  for (const Ordinal ordinal : all) members.write_rows(ordinal);
  stage.end("write", none, Step::Phase::kReached, "written");

  delete_set(stage, set_gone(subject));
  stage.step(
      "recreate", {{"replicas", subject.replicas.value}}, "create StatefulSet " + subject.set + " again",
      [&] {
        stage.create({*std::find_if(objects.begin(), objects.end(),
                                    [](const json& one) { return one.at("kind") == "StatefulSet"; })});
      },
      all_ready(subject, all), kDatabase);
  stage.begin("read", none, "rows of each member");
  for (const Ordinal ordinal : all) members.read_rows(ordinal);
  stage.end("read", none, Step::Phase::kReached, "read");

  stage.step(
      "delete-set-again", none, "delete StatefulSet " + subject.set,
      [&] { stage.remove(kube::kStatefulSets, subject.set); }, set_gone(subject), kCollected);
  stage.step(
      "delete-claims", {{"label", "app=mariadb"}}, "delete the claims with label app=mariadb",
      [&] {
        const auto claims = stage.recorder().look([](const record::View& view) { return view.claims; });
        for (const auto& [name, claim] : claims)
          if (claim.meta.label("app") == "mariadb") stage.remove(kube::kClaims, name);
      },
      both(claims_gone(subject, all), volumes_gone(subject)), kCollected);
}

}  // namespace stateproof::scenarios
