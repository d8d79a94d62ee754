#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

const record::Within kRollout{std::chrono::seconds{120},
                              "three pods one after the other, each ends and starts within seconds"};
constexpr const char* kEdition = "stateproof.dev/edition";
constexpr int kMinReadySeconds = 5;
constexpr int kAnHour = 3600;  // longer than any pod of this scenario lives
const record::Within kCount{std::chrono::seconds{60}, "one pass of the controller, on a busy cluster"};

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
    sleepers_.read_host_names(sleepers_.first(3));
    count_available("raise-min-ready", kAnHour, {0});
    count_available("drop-min-ready", 0, subject().replicas);
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

  // No pod is moved by minReadySeconds alone. A count that is wrong is for the checker to judge.
  void count_available(const std::string& step, int min_ready_seconds, Replicas available) {
    (void)stage_.attempt(
        step, {{"minReadySeconds", min_ready_seconds}},
        fmt::format("a pod counts once it is Ready for {} s", min_ready_seconds),
        [&] { patch({{"minReadySeconds", min_ready_seconds}}); },
        both([this](const record::View& view) { return worked_through(subject(), generation_)(view); },
             counted_available(subject(), available)),
        kCount);
  }

  void roll_out_by_two() {
    stage_.step(
        "roll-two", {{"edition", 9}, {"maxUnavailable", 2}}, "a new template, two pods at a time",
        [&] {
          patch({{"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 2}}}}},
                 {"template", template_of(9)}});
        },
        all_updated(), kRollout);
  }

  // The last steps: what they leave is of no use to anybody.
  void break_down() {
    const Ordinal last = sleepers_.ordinal(2);
    const json args{{"ordinal", last.value}};
    const auto with = [](int edition, const json& container) {
      json pods = template_of(edition);
      pods["spec"]["containers"] = json::array({container});
      return pods;
    };
    stage_.step(
        "roll-bad", args, "a template with an image that is not there",
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", nullptr}}}}},
                 {"template", with(10, with_missing_image(container_))}});
        },
        broken(subject(), {last}, generation_), kRollout);
    stage_.hold("hold-bad", args,
                fmt::format("{} never becomes Ready: the others stay", subject().pod_name(last)), [] {});
    stage_.hold("revert", args, "the template of before",
                [&] { patch({{"template", with(9, container_)}}); });
    sleepers_.replace("heal", last);
  }

  Stage& stage_;
  Sleepers sleepers_;
  json container_;
  std::int64_t generation_ = 0;
};

}  // namespace

void play_rollout(Stage& stage) { Rollout(stage).play(); }

}  // namespace stateproof::scenarios
