#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/quantity.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/members.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"
#include "suites/scenarios/plays/sole_user.h"

namespace stateproof::scenarios {
namespace {

using fixtures::Sleeper;
using nlohmann::json;
using namespace std::chrono_literals;

const json kDeleteBoth{{"whenScaled", "Delete"}, {"whenDeleted", "Delete"}};
const record::Within kCollected{120s, "termination of the pods, then the garbage collector"};
const record::Within kDatabase{
    180s, "2 pods one after the other, each with a new volume and a first start of its database"};

record::Condition claims_gone(const Subject& subject, std::vector<Ordinal> unwanted) {
  return [&subject, unwanted = std::move(unwanted)](const record::View& view) {
    for (const Ordinal ordinal : unwanted)
      if (view.claims.contains(subject.claim_name(ordinal)))
        return record::Standing{false, "claim " + subject.claim_name(ordinal) + " still exists", {}};
    return record::Standing{true, "the claims are gone", {}};
  };
}

record::Condition told_to_stop(const std::string& name) {
  return [name](const record::View& view) {
    const auto pod = view.pods.find(name);
    const bool told = pod == view.pods.end() || pod->second.terminating();
    return record::Standing{told, told ? name + " is being deleted" : name + " is not being deleted", {}};
  };
}

record::Condition set_gone(const Subject& subject) {
  return both(scaled_down(subject, {0}), [&](const record::View& view) {
    const bool gone = !view.sets.contains(subject.set);
    return record::Standing{gone, gone ? "set and pods are gone" : "the set still exists", {}};
  });
}

record::Condition volumes_gone(const Subject& subject) {
  return [&](const record::View& view) {
    for (const auto& [name, volume] : view.volumes)
      if (volume.claim.ns == subject.ns)
        return record::Standing{false, "volume " + name + " still exists", {}};
    return record::Standing{true, "the volumes are gone", {}};
  };
}

/// The claims of these ordinals belong to the set, so that they go with it; or none of them does.
record::Condition claims_owned(const Subject& subject, std::vector<Ordinal> wanted, bool by_set) {
  return [&subject, wanted = std::move(wanted), by_set](const record::View& view) {
    for (const Ordinal ordinal : wanted) {
      const auto claim = view.claims.find(subject.claim_name(ordinal));
      if (claim == view.claims.end()) return record::Standing{false, "a claim does not exist", {}};
      const bool is_owned = claim->second.meta.is_owned_by_set(subject.set);
      if (is_owned != by_set)
        return record::Standing{
            false, fmt::format("claim {} belongs to {}", claim->first, is_owned ? "the set" : "nobody"), {}};
    }
    return record::Standing{true, by_set ? "the claims belong to the set" : "the claims have no owner", {}};
  };
}

const record::Within kOwned{60s, "one sync of the controller"};
const record::Within kExpanded{180s, "the provisioner's resizer, then the node, for 2 volumes"};
const record::Within kAnswered{10s, "the API server has already answered"};

record::Standing answered(const record::View&) { return {true, "answered", {}}; }

/// Each of these claims has that many bytes; or, `in_use`, it will have them when a pod starts with it.
record::Condition grown(const Subject& subject, std::vector<Ordinal> asked, double bytes, bool in_use) {
  return [&subject, asked = std::move(asked), bytes, in_use](const record::View& view) {
    for (const Ordinal ordinal : asked) {
      const auto claim = view.claim_sizes.find(subject.claim_name(ordinal));
      if (claim == view.claim_sizes.end()) return record::Standing{false, "a claim does not exist", {}};
      if (in_use && claim->second.awaits_node) continue;
      if (claim->second.capacity < bytes)
        return record::Standing{
            false, fmt::format("claim {} has {:.0f} bytes", claim->first, claim->second.capacity), {}};
    }
    return record::Standing{true, "the claims have grown", {}};
  };
}

/// A request for a quarter more, in bytes.
std::string more_than(const std::string& quantity) {
  return fmt::format("{:.0f}", std::ceil(1.25 * parse_quantity(quantity).value_or(0)));
}

/// Asks the set's claim template for more storage; gives how much.
std::string edit_claim_template(Stage& stage, const json& set) {
  json templates = set.at("spec").at("volumeClaimTemplates");
  json& storage = templates.at(0)["spec"]["resources"]["requests"]["storage"];
  const std::string request = more_than(storage);
  storage = request;
  stage.step(
      steps::EditClaimTemplate{.request = request}, "request more storage in the claim template",
      [&](steps::EditClaimTemplate& step) {
        note(step, stage.ask(kube::kStatefulSets, stage.subject().set,
                             {{"spec", {{"volumeClaimTemplates", templates}}}}));
      },
      answered, kAnswered);
  return request;
}

/// Asks each claim for more storage; gives the ordinals of those that were granted it.
std::vector<Ordinal> expand(Stage& stage, const std::vector<Ordinal>& all, const std::string& request) {
  const Subject& subject = stage.subject();
  std::vector<Ordinal> granted;
  const double bytes = parse_quantity(request).value_or(0);
  stage.attempt(
      steps::Expand{.request = request}, "request more storage for each claim",
      [&](steps::Expand& step) {
        std::map<std::string, Answer>& answers = step.answers.emplace();
        for (const Ordinal ordinal : all) {
          const std::string claim = subject.claim_name(ordinal);
          answers[claim] = stage.ask(kube::kClaims, claim,
                                     {{"spec", {{"resources", {{"requests", {{"storage", request}}}}}}}});
          if (answers[claim].code == 200) granted.push_back(ordinal);
        }
      },
      [&](const record::View& view) { return grown(subject, granted, bytes, true)(view); }, kExpanded);
  return granted;
}

template <StepType S>
void delete_set(Stage& stage, const S& step, const record::Condition& until) {
  stage.step(
      step, "delete StatefulSet " + stage.subject().set,
      [&] { stage.remove(kube::kStatefulSets, stage.subject().set); }, until, kCollected);
}

/// Makes a claim of the set before its pod is there and has another controller own it: the set's Service
/// stands for that one.
void make_foreign_claim(Stage& stage, json claim, const json& service, const std::string& name) {
  stage.step(
      steps::ForeignClaim{.claim = name}, "another controller owns claim " + name + " already",
      [&] {
        const json keeper = stage.create(kube::kServices, stage.subject().ns, service);
        claim.update({{"apiVersion", "v1"}, {"kind", "PersistentVolumeClaim"}});
        claim["metadata"]["name"] = name;
        claim["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"},
                                                 {"kind", "Service"},
                                                 {"name", keeper.at("metadata").at("name")},
                                                 {"uid", keeper.at("metadata").at("uid")},
                                                 {"controller", true}}};
        stage.create(kube::kClaims, stage.subject().ns, claim);
      },
      [&](const record::View& view) {
        const bool seen = view.claims.contains(name);
        return record::Standing{seen, seen ? "it exists" : "it does not exist", {}};
      },
      kSleepersStart);
}

}  // namespace

void play_retention(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  Subject archive = subject;
  archive.claim_template = Sleeper::kArchiveTemplate;
  auto objects =
      fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas, .archive = true});
  json& spec = fixtures::object_of_kind(objects, "StatefulSet")["spec"];
  spec["persistentVolumeClaimRetentionPolicy"] = kDeleteBoth;
  const std::string foreign = archive.claim_name(sleepers.ordinal(2));
  make_foreign_claim(stage, spec.at("volumeClaimTemplates").at(1),
                     fixtures::object_of_kind(objects, "Service"), foreign);
  std::erase_if(objects, [](const json& one) { return one.at("kind") == "Service"; });
  sleepers.create(objects, both(all_ready(subject, sleepers.first(3)), counted_ready(subject, {3})));
  sleepers.replace(steps::ReplacePod{sleepers.ordinal(1)});
  stage.hold(steps::HoldClaims{}, "deleting a pod deletes no claim", [] {});
  // While the first pod that has to go is kept from ending, its claim must not be deleted: whatever is
  // seen of the claim before we let the pod end has come before the pod's end, whatever the clocks say.
  const std::string highest = subject.pod_name(sleepers.ordinal(2));
  stage.step(
      steps::BeginScaleDown{.ordinal = sleepers.ordinal(2), .from = 3, .to = 1},
      "3 -> 1 while " + highest + " stays",
      [&] {
        sleepers.make_stay(highest);
        stage.scale(1);
      },
      told_to_stop(highest), kSleepersStop);
  stage.hold(steps::HoldScaledClaim{sleepers.ordinal(2)}, highest + " still exists, so its claim stays",
             [] {});
  stage.step(
      steps::ScaleDown{.from = 3, .to = 1}, "let it terminate: the claims of the others are deleted",
      [&] { sleepers.let_end(highest); },
      both(scaled_down(subject, {1}), both(claims_gone(subject, {sleepers.ordinal(1), sleepers.ordinal(2)}),
                                           claims_gone(archive, {sleepers.ordinal(1)}))),
      kCollected);
  delete_set(stage, steps::DeleteSet{},
             both(set_gone(subject),
                  both(claims_gone(subject, sleepers.first(1)), claims_gone(archive, sleepers.first(1)))));
}

void play_protection(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  const Ordinal chosen = sleepers.ordinal(1);
  const std::string claim = subject.claim_name(chosen);
  sleepers.create(fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas}),
                  both(all_ready(subject, sleepers.first(3)), counted_ready(subject, {3})));
  stage.hold(steps::HoldClaim{.ordinal = chosen}, "delete claim " + claim + " while its pod runs",
             [&] { stage.remove(kube::kClaims, claim); });
  Uid former;
  stage.step(
      steps::LetGo{.ordinal = chosen}, "delete the pod that uses the claim",
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
        return record::Standing{is_new, is_new ? "a new claim exists" : "the old claim still exists", {}};
      },
      kSleepersStart);
  stage.step(
      steps::Recover{.ordinal = chosen}, subject.pod_name(chosen) + " starts on a new claim", [] {},
      all_ready(subject, {chosen}), kSleepersStart);
  let_two_want_one_claim(stage);
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
  Members members(stage, passwords);
  const auto objects = stage.mutated(fixtures::mariadb_objects(stage.request().image, subject.replicas));

  stage.step(
      steps::Create{.replicas = subject.replicas}, "StatefulSet " + subject.set,
      [&] {
        stage.create(kube::kSecrets, subject.ns, fixtures::mariadb_secret(passwords));
        stage.create(objects);
      },
      all_ready(subject, all), kDatabase);
  stage.begin(steps::Write{}, "rows to each member");
  for (const Ordinal ordinal : all) members.write_rows(ordinal);
  stage.end(steps::Write{}, Step::Phase::kReached, "written");

  const auto set = std::find_if(objects.begin(), objects.end(),
                                [](const json& one) { return one.at("kind") == "StatefulSet"; });
  const std::string request = edit_claim_template(stage, *set);
  const std::vector<Ordinal> granted = expand(stage, all, request);

  delete_set(stage, steps::DeleteSet{}, set_gone(subject));
  json again = *set;
  again["spec"]["persistentVolumeClaimRetentionPolicy"] = kDeleteBoth;
  stage.step(
      steps::Recreate{.replicas = subject.replicas}, "create StatefulSet " + subject.set + " again",
      [&] { stage.create({again}); }, all_ready(subject, all), kDatabase);
  if (!granted.empty())
    stage.attempt(
        steps::Grown{}, "the claims have grown", [] {},
        grown(subject, granted, parse_quantity(request).value_or(0), false), kExpanded);
  stage.begin(steps::Read{}, "rows of each member");
  for (const Ordinal ordinal : all) members.read_rows(ordinal);
  stage.end(steps::Read{}, Step::Phase::kReached, "read");

  // What would go with the set now must not once the policy says Retain again.
  stage.attempt(
      steps::Own{}, "the claims belong to the set", [] {}, claims_owned(subject, all, true), kOwned);
  stage.attempt(
      steps::Retain{}, "the retention policy becomes Retain",
      [&] {
        stage.patch(kube::kStatefulSets, subject.set,
                    {{"spec",
                      {{"persistentVolumeClaimRetentionPolicy",
                        {{"whenScaled", "Retain"}, {"whenDeleted", "Retain"}}}}}});
      },
      claims_owned(subject, all, false), kOwned);
  delete_set(stage, steps::DeleteSetAgain{}, set_gone(subject));
  stage.step(
      steps::DeleteClaims{.label = "app=mariadb"}, "delete the claims with label app=mariadb",
      [&] {
        const auto claims = stage.recorder().look([](const record::View& view) { return view.claims; });
        for (const auto& [name, claim] : claims)
          if (claim.meta.label("app") == "mariadb") stage.remove(kube::kClaims, name);
      },
      both(claims_gone(subject, all), volumes_gone(subject)), kCollected);
}

}  // namespace stateproof::scenarios
