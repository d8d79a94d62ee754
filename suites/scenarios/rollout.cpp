#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/plays.h"
#include "suites/scenarios/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

const record::Within kRollout{std::chrono::seconds{120},
                              "three pods one after the other, each ends and starts within seconds"};
constexpr const char* kEdition = "stateproof.dev/edition";
constexpr int kMinReadySeconds = 5;

json template_of(int edition) {
  return {{"metadata", {{"annotations", {{kEdition, std::to_string(edition)}}}}}};
}

class Rollout {
 public:
  explicit Rollout(Stage& stage) : stage_(stage), sleepers_(stage) {}

  void play() {
    create();
    roll_out("rollout", 2, "a new template", {});
    roll_out("rollback", 1, "the template of before", {});
    divide();
    complete();
    roll_out("min-ready", 4, fmt::format("a pod counts once it is Ready for {} s", kMinReadySeconds),
             {{"minReadySeconds", kMinReadySeconds}});
    wait_to_be_deleted();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] record::Condition all_updated() const {
    return rolled_out(subject(), subject().replicas, generation_);
  }

  void create() {
    auto objects =
        fixtures::sleeper_objects(stage_.request().image, {.replicas = subject().replicas, .claims = false});
    fixtures::object_of_kind(objects, "StatefulSet")["spec"]["template"].merge_patch(template_of(1));
    sleepers_.create(objects, both(all_ready(subject(), sleepers_.first(3)), all_updated()));
  }

  void patch(json spec) {
    const json patched = stage_.patch(kube::kStatefulSets, subject().set, {{"spec", std::move(spec)}});
    generation_ = patched.at("metadata").at("generation").get<std::int64_t>();
  }

  void roll_out(const std::string& step, int edition, const std::string& text, json more) {
    json args = more.is_null() ? json::object() : more;
    args["edition"] = edition;
    if (more.is_null()) more = json::object();
    more["template"] = template_of(edition);
    stage_.step(step, args, text, [&] { patch(more); }, all_updated(), kRollout);
  }

  // Only ordinals from the partition on follow the new template.
  void divide() {
    const Ordinal above = sleepers_.ordinal(2);
    const Ordinal below = sleepers_.ordinal(0);
    stage_.step(
        "partition", {{"partition", above.value}, {"edition", 3}},
        fmt::format("a new template for {} alone", subject().pod_name(above)),
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"partition", above.value}}}}},
                 {"template", template_of(3)}});
        },
        updated(subject(), above, generation_), kRollout);
    stage_.hold("hold-partition", {{"partition", above.value}}, "pods below the partition stay as they are",
                [] {});
    sleepers_.replace("replace-below", below);
    sleepers_.replace("replace-above", above);
  }

  // A pod is lost just as the rest is updated.
  void complete() {
    stage_.step(
        "complete", {{"edition", 3}}, "the template for all, while a pod is lost",
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"partition", 0}}}}}});
          stage_.delete_pod(subject().first);
        },
        all_updated(), kRollout);
  }

  void wait_to_be_deleted() {
    const Ordinal chosen = sleepers_.ordinal(1);
    stage_.hold("hold-on-delete", {{"historyLimit", 2}}, "strategy OnDelete: new templates move no pod", [&] {
      patch({{"updateStrategy", {{"type", "OnDelete"}, {"rollingUpdate", nullptr}}},
             {"minReadySeconds", 0},
             {"revisionHistoryLimit", 2}});
      for (const int edition : {5, 6, 7, 8}) patch({{"template", template_of(edition)}});
    });
    sleepers_.replace("pick-up", chosen);
    stage_.hold("settle", json::object(), "the controller has nothing left to do", [] {});
  }

  Stage& stage_;
  Sleepers sleepers_;
  std::int64_t generation_ = 0;
};

}  // namespace

void play_rollout(Stage& stage) { Rollout(stage).play(); }

}  // namespace stateproof::scenarios
