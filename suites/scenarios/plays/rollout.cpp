#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

constexpr const char* kEdition = "stateproof.dev/edition";
constexpr int kMinReadySeconds = 5;
constexpr int kAnHour = 3600;  // longer than any pod of this scenario lives
const record::Within kCount{std::chrono::seconds{60}, "one sync of the controller, on a busy cluster"};

json template_of(int edition) {
  return {{"metadata", {{"annotations", {{kEdition, std::to_string(edition)}}}}}};
}

class Rollout {
 public:
  explicit Rollout(Stage& stage) : stage_(stage), sleepers_(stage) {}

  void play() {
    create();
    roll_out(steps::Rollout{2}, "a new template");
    roll_out(steps::Rollback{1}, "the previous template");
    divide();
    complete();
    roll_out(steps::MinReady{.min_ready_seconds = kMinReadySeconds, .edition = 4},
             fmt::format("a pod counts once it is Ready for {} s", kMinReadySeconds),
             {{"minReadySeconds", kMinReadySeconds}});
    sleepers_.read_host_names(sleepers_.first(3));
    count_available(steps::RaiseMinReady{kAnHour}, {0});
    count_available(steps::DropMinReady{0}, subject().replicas);
    wait_to_be_deleted();
    roll_out_by_two();
    break_down();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] record::Condition all_updated() const {
    return rolled_out(subject(), subject().replicas, generation_);
  }

  void create() {
    auto objects =
        fixtures::sleeper_objects(stage_.request().image, {.replicas = subject().replicas, .claims = false});
    json& set = fixtures::object_of_kind(objects, "StatefulSet");
    set["spec"]["template"].merge_patch(template_of(1));
    container_ = set["spec"]["template"]["spec"]["containers"][0];
    sleepers_.create(objects, both(all_ready(subject(), sleepers_.first(3)), all_updated()));
    sleepers_.read_host_names(sleepers_.first(3));
  }

  void patch(json spec) {
    const json patched = stage_.patch(kube::kStatefulSets, subject().set, {{"spec", std::move(spec)}});
    generation_ = patched.at("metadata").at("generation").get<std::int64_t>();
  }

  template <StepType S>
  void roll_out(const S& step, const std::string& text, json spec = json::object()) {
    spec["template"] = template_of(step.edition);
    stage_.step(step, text, [&] { patch(spec); }, all_updated(), kRollout);
  }

  // Only ordinals from the partition on follow the new template.
  void divide() {
    const Ordinal above = sleepers_.ordinal(2);
    const Ordinal below = sleepers_.ordinal(0);
    stage_.step(
        steps::Partition{.partition = above.value, .edition = 3},
        fmt::format("a new template for {} only", subject().pod_name(above)),
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"partition", above.value}}}}},
                 {"template", template_of(3)}});
        },
        updated(subject(), above, generation_), kRollout);
    stage_.hold(steps::HoldPartition{.partition = above.value}, "pods below the partition stay unchanged",
                [] {});
    sleepers_.replace(steps::ReplaceBelow{below});
    sleepers_.replace(steps::ReplaceAbove{above});
  }

  // A pod is lost just as the rest is updated.
  void complete() {
    stage_.step(
        steps::Complete{.edition = 3}, "the new template for all pods, while a pod is lost",
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"partition", 0}}}}}});
          stage_.delete_pod(subject().first);
        },
        all_updated(), kRollout);
  }

  void wait_to_be_deleted() {
    const Ordinal chosen = sleepers_.ordinal(1);
    stage_.hold(steps::HoldOnDelete{.history_limit = 2}, "strategy OnDelete: a new template replaces no pod",
                [&] {
                  patch({{"updateStrategy", {{"type", "OnDelete"}, {"rollingUpdate", nullptr}}},
                         {"minReadySeconds", 0},
                         {"revisionHistoryLimit", 2}});
                  for (const int edition : {5, 6, 7, 8}) patch({{"template", template_of(edition)}});
                });
    sleepers_.replace(steps::PickUp{chosen});
    stage_.hold(steps::Settle{}, "the controller has nothing left to do", [] {});
  }

  // No pod is moved by minReadySeconds alone. A count that is wrong is for the checker to judge.
  template <StepType S>
  void count_available(const S& step, Replicas available) {
    (void)stage_.attempt(
        step, fmt::format("a pod counts once it is Ready for {} s", step.min_ready_seconds),
        [&] { patch({{"minReadySeconds", step.min_ready_seconds}}); },
        both([this](const record::View& view) { return worked_through(subject(), generation_)(view); },
             counted_available(subject(), available)),
        kCount);
  }

  void roll_out_by_two() {
    stage_.step(
        steps::RollTwo{.max_unavailable = 2, .edition = 9}, "a new template, two pods at a time",
        [&] {
          patch({{"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 2}}}}},
                 {"template", template_of(9)}});
        },
        all_updated(), kRollout);
  }

  // The last steps: what they leave is of no use to anybody.
  void break_down() {
    const Ordinal last = sleepers_.ordinal(2);
    const auto with = [](int edition, const json& container) {
      json pods = template_of(edition);
      pods["spec"]["containers"] = json::array({container});
      return pods;
    };
    stage_.step(
        steps::RollBad{last}, "a template with an image that does not exist",
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", nullptr}}}}},
                 {"template", with(10, with_missing_image(container_))}});
        },
        broken(subject(), {last}, generation_), kRollout);
    stage_.hold(steps::HoldBad{last},
                fmt::format("{} never becomes Ready: the others stay", subject().pod_name(last)), [] {});
    stage_.hold(steps::Revert{last}, "the previous template",
                [&] { patch({{"template", with(9, container_)}}); });
    sleepers_.replace(steps::Heal{last});
  }

  Stage& stage_;
  Sleepers sleepers_;
  json container_;
  std::int64_t generation_ = 0;
};

}  // namespace

void play_rollout(Stage& stage) { Rollout(stage).play(); }

}  // namespace stateproof::scenarios
