#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

// Two that write the same object in turn are done after a few.
constexpr int kMostReads = 10;
constexpr int kStaleReplicas = 7;  // that nobody else asks for

class Parallel {
 public:
  explicit Parallel(Stage& stage) : stage_(stage), sleepers_(stage) {}

  // Until "move-start" nobody makes these pods Ready: whatever comes about does so without waiting.
  void play() {
    create();
    scale();
    move_start();
    make_ready();
    roll_out_by_two();
    break_down();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] int start() const { return subject().first.value + 1; }
  [[nodiscard]] record::Condition all_updated() const {
    return rolled_out(subject(), subject().replicas, generation_);
  }

  void patch(json spec) {
    const json patched = stage_.patch(kube::kStatefulSets, subject().set, {{"spec", std::move(spec)}});
    generation_ = patched.at("metadata").at("generation").get<std::int64_t>();
  }

  void create() {
    auto objects = fixtures::sleeper_objects(stage_.request().image,
                                             {.replicas = subject().replicas, .held = true, .claims = false});
    json& spec = fixtures::object_of_kind(objects, "StatefulSet")["spec"];
    spec["podManagementPolicy"] = "Parallel";
    spec["ordinals"] = {{"start", subject().first.value}};
    container_ = spec["template"]["spec"]["containers"][0];
    sleepers_.create(objects, started(subject(), sleepers_.first(3)));
  }

  // The scale is read, written by PUT, written on top of what is outdated by then, and written by PATCH.
  void scale() {
    json scale;
    const auto at_once = [](const record::View&) { return record::Standing{true, "answered", {}}; };
    stage_.step(
        steps::ReadScale{}, "read the scale subresource",
        [&](steps::ReadScale& step) {
          scale = stage_.read_scale();
          step.answer = std::make_shared<const json>(scale);
        },
        at_once, kSleepersStart);
    stage_.step(
        steps::ScaleUp{.from = 3, .to = 4}, "3 -> 4 while no pod is Ready",
        [&](steps::ScaleUp& step) { step.answer = std::make_shared<const json>(put_scale(4)); },
        started(subject(), sleepers_.first(4)), kSleepersStart);
    stage_.step(
        steps::StaleScale{.written = kStaleReplicas}, "write an outdated scale",
        [&](steps::StaleScale& step) { step.answer = std::make_shared<const json>(put_outdated(scale)); },
        at_once, kSleepersStart);
    stage_.step(
        steps::ScaleDown{.from = 4, .to = 1}, "4 -> 1 while no pod is Ready",
        [&](steps::ScaleDown& step) { step.answer = std::make_shared<const json>(stage_.scale(1)); },
        scaled_down(subject(), {1}), kSleepersStop);
  }

  // Whoever writes what was read may be told to read again.
  [[nodiscard]] json put_scale(int replicas) const {
    for (int read = 1;; ++read) {
      json scale = stage_.read_scale();
      scale["spec"]["replicas"] = replicas;
      auto put = stage_.client().replace_scale(kube::kStatefulSets, subject().ns, subject().set, scale);
      if (put) return std::move(*put);
      if (!put.error().is_conflict() || read == kMostReads) throw HarnessTrouble(put.error().sentence());
    }
  }

  [[nodiscard]] json put_outdated(json scale) const {
    scale["spec"]["replicas"] = kStaleReplicas;
    const auto put = stage_.client().replace_scale(kube::kStatefulSets, subject().ns, subject().set, scale);
    if (put) return {{"code", 200}, {"reason", "OK"}};
    if (put.error().http_status == 0) throw HarnessTrouble(put.error().sentence());
    return {{"code", put.error().http_status}, {"reason", put.error().reason}};
  }

  // Of the one pod that there is; upwards, and back by half of it.
  void move_start() {
    move_start(subject().first, {start() + 1});
    move_start({start() + 1}, {start()});
  }

  void move_start(Ordinal from, Ordinal to) {
    stage_.step(
        steps::MoveStart{.from = from, .to_start = to}, fmt::format("the first ordinal becomes {}", to.value),
        [&] { patch({{"ordinals", {{"start", to.value}}}}); },
        both(started(subject(), {to}), absent(subject(), from)), kSleepersStart);
  }

  void make_ready() {
    container_["env"][0]["value"] = "no";
    stage_.step(
        steps::MakeReady{.to = subject().replicas.value}, "three pods that become Ready by themselves",
        [&] {
          patch({{"replicas", subject().replicas.value},
                 {"template", {{"spec", {{"containers", json::array({container_})}}}}}});
        },
        all_updated(), kRollout);
  }

  void roll_out_by_two() {
    stage_.step(
        steps::RollTwo{.max_unavailable = 2}, "a new template, two pods at a time",
        [&] {
          patch({{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", 2}}}}},
                 {"template", {{"metadata", {{"annotations", {{"stateproof.dev/edition", "2"}}}}}}}});
        },
        all_updated(), kRollout);
  }

  // The last steps: what they leave is of no use to anybody.
  void break_down() {
    // Where the server drops the field one pod at a time is updated.
    const int broken_pods = stage_.recorder().look(
        [&](const record::View& view) { return view.sets.at(subject().set).max_unavailable.value_or(1); });
    const Ordinal first_broken{start() + subject().replicas.value - broken_pods};
    stage_.step(
        steps::RollTwoBad{.max_unavailable = 2}, "a template with an image that does not exist",
        [&] {
          patch({{"template", {{"spec", {{"containers", json::array({with_missing_image(container_)})}}}}}});
        },
        broken(subject(), ordinals(first_broken, {broken_pods}), generation_), kRollout);
    stage_.hold(steps::HoldTwoBad{.max_unavailable = 2}, "no further pod may be replaced", [] {});
  }

  Stage& stage_;
  Sleepers sleepers_;
  json container_;
  std::int64_t generation_ = 0;
};

}  // namespace

Subject parallel_subject(const std::string& ns) {
  Subject subject = fixtures::sleeper_subject(ns);
  subject.ordered = false;
  subject.first = {5};
  return subject;
}

void play_parallel(Stage& stage) { Parallel(stage).play(); }

}  // namespace stateproof::scenarios
