#include "harness/report/contrast.h"

#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/model/steps.h"
#include "harness/report/html.h"
#include "harness/report/lanes.h"
#include "harness/report/lanes_svg.h"

namespace stateproof::report {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

enum class Look { kPending, kReady, kEnding };

/// A set "app" of two and a Deployment "loose" of two, side by side.
class SideBySide {
 public:
  SideBySide() {
    timeline_.header.scenario = "contrast";
    timeline_.header.subject = {.ns = "database",
                                .set = "app",
                                .service = "app",
                                .claim_template = "data",
                                .mount_path = "/data",
                                .container = "app"};
    timeline_.finish = End{};
  }

  SideBySide& step(const Task& task, Step::Phase phase) { return tell(Step{task, phase}); }
  SideBySide& pod(Change change, const std::string& name, Look look, int life = 1) {
    const bool of_the_set = name.starts_with("app-");
    json object{
        {"kind", "Pod"},
        {"metadata",
         {{"name", name},
          {"namespace", "database"},
          {"uid", name + "#" + std::to_string(life)},
          {"labels", of_the_set ? json::object() : json{{"pod-template-hash", "5d8f"}}},
          {"ownerReferences",
           {{{"kind", of_the_set ? "StatefulSet" : "ReplicaSet"},
             {"name", of_the_set ? "app" : "loose-5d8f"},
             {"uid", "owner"},
             {"controller", true}}}}}},
        {"spec",
         {{"volumes",
           {{{"name", "data"},
             {"persistentVolumeClaim", {{"claimName", of_the_set ? "data-" + name : "loose"}}}}}}}},
        {"status",
         {{"phase", "Running"},
          {"conditions", {{{"type", "Ready"}, {"status", look == Look::kReady ? "True" : "False"}}}}}}};
    if (look == Look::kEnding) object["metadata"]["deletionTimestamp"] = "2026-03-01T10:01:00Z";
    return see(change, object);
  }
  SideBySide& claim(const std::string& name) {
    return see(Change::kAdded, {{"kind", "PersistentVolumeClaim"},
                                {"metadata", {{"name", name}, {"namespace", "database"}, {"uid", name}}},
                                {"status", {{"phase", "Bound"}}}});
  }
  SideBySide& endpoint(const std::string& pod, const std::string& host_name) {
    return see(Change::kModified,
               {{"kind", "EndpointSlice"},
                {"metadata", {{"name", "slice"}, {"namespace", "database"}, {"uid", "slice"}}},
                {"endpoints", {{{"hostname", host_name}, {"targetRef", {{"kind", "Pod"}, {"name", pod}}}}}}});
  }
  SideBySide& fault(const std::string& name) {
    return tell(
        FaultMark{"DeletePod", FaultMark::Phase::kInject, {"Pod", "database", name, Uid{name + "#1"}}});
  }
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }

 private:
  SideBySide& see(Change change, json object) {
    auto served = std::make_shared<const json>(std::move(object));
    return tell(ObjectSeen{change, parse_object(*served), served, false});
  }
  SideBySide& tell(Entry entry) {
    now_ += std::chrono::seconds{1};
    timeline_.observations.push_back({timeline_.size() + 1, now_, std::move(entry)});
    return *this;
  }

  Timeline timeline_;
  Elapsed now_{0};
};

SideBySide both_workloads() {
  using enum Change;
  SideBySide story;
  story.step(steps::Create{}, Step::Phase::kBegin).claim("loose").claim("data-app-0").claim("data-app-1");
  story.pod(kAdded, "loose-5d8f-abcde", Look::kPending).pod(kAdded, "app-0", Look::kPending);
  story.pod(kAdded, "loose-5d8f-fghij", Look::kPending).pod(kModified, "app-0", Look::kReady);
  story.pod(kAdded, "app-1", Look::kPending).pod(kModified, "app-1", Look::kReady);
  story.pod(kModified, "loose-5d8f-abcde", Look::kReady)
      .endpoint("app-0", "app-0")
      .endpoint("app-1", "app-1");
  story.endpoint("loose-5d8f-abcde", "").step(steps::Create{}, Step::Phase::kReached);

  story.fault("loose-5d8f-abcde").pod(kModified, "loose-5d8f-abcde", Look::kEnding);
  story.pod(kAdded, "loose-5d8f-klmno", Look::kReady).pod(kDeleted, "loose-5d8f-abcde", Look::kEnding);
  story.fault("app-1").pod(kModified, "app-1", Look::kEnding).pod(kDeleted, "app-1", Look::kEnding);
  story.pod(kAdded, "app-1", Look::kReady, 2);

  story.pod(kModified, "app-1", Look::kEnding, 2).pod(kModified, "loose-5d8f-klmno", Look::kEnding);
  story.pod(kModified, "loose-5d8f-fghij", Look::kEnding).pod(kDeleted, "app-1", Look::kEnding, 2);
  story.pod(kModified, "app-0", Look::kEnding).pod(kDeleted, "app-0", Look::kEnding);
  return story.pod(kDeleted, "loose-5d8f-klmno", Look::kEnding);
}

PlannedPromise comparing(const std::string& id, const std::string& feature, const std::string& requirement) {
  PlannedPromise promise;
  promise.id = id;
  promise.scenario = "contrast";
  promise.requirements = {requirement};
  promise.compares = feature;
  return promise;
}

RunResult judged() {
  RunResult run;
  run.plan.promises = {comparing("contrast-names", "Pod names", "DPL-01"),
                       comparing("contrast-deletion", "Pod deletion", "DPL-06a")};
  ScenarioResult scenario;
  scenario.name = "contrast";
  scenario.steps.emplace_back().name = "create";
  run.scenarios.push_back(scenario);
  PromiseResult verdict;
  verdict.id = "contrast-names";
  verdict.scenario = "contrast";
  verdict.outcome = Outcome::kNonconformant;
  RequirementResult one;
  one.id = "DPL-01";
  one.outcome = Outcome::kNonconformant;
  FindingResult finding;
  finding.finding = {{"Pod", "database", "loose-5d8f-fghij", {}}, "a random name", "an ordinal", {3}, ""};
  one.findings.push_back(finding);
  verdict.requirements.push_back(one);
  run.verdicts.push_back(verdict);
  return run;
}

TEST(Contrast, TellsLineByLineWhatWasSeenOfBoth) {
  const std::vector<ContrastLine> lines = contrast_lines(both_workloads().timeline());
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_EQ(lines[0].set, "app-0, app-1; replaced: app-1 by app-1");
  EXPECT_EQ(lines[0].deployment,
            "loose-5d8f-abcde, loose-5d8f-fghij; replaced: loose-5d8f-abcde by loose-5d8f-klmno");
  EXPECT_EQ(lines[1].set, "1 of 2 created before one was Ready");
  EXPECT_EQ(lines[1].deployment, "2 of 2 created before one was Ready");
  EXPECT_EQ(lines[2].set, "app-1, app-0; one after the other");
  EXPECT_EQ(lines[2].deployment, "loose-5d8f-klmno, loose-5d8f-fghij; 2 at once");
  EXPECT_EQ(lines[3].set, "host names app-0, app-1");
  EXPECT_EQ(lines[3].deployment, "no host names");
  EXPECT_EQ(lines[4].set, "data-app-0 (1 pod), data-app-1 (1 pod)");
  EXPECT_EQ(lines[4].deployment, "loose (3 pods)");
}

TEST(Contrast, WithoutADeploymentHasNoLines) {
  SideBySide story;
  story.pod(Change::kAdded, "app-0", Look::kReady);
  EXPECT_THAT(contrast_lines(story.timeline()), IsEmpty());
  EXPECT_THAT(html_page(judged(), {{"contrast", story.timeline()}}),
              Not(HasSubstr(R"(class="group-title")")));
}

TEST(Contrast, RowsCarryTheVerdictsOfTheirRequirements) {
  const std::string rows = contrast_rows(contrast_lines(both_workloads().timeline()), judged());
  EXPECT_THAT(rows, HasSubstr(R"(<a href="#promise-contrast-names">DPL-01</a> <span class="badge broken">)"));
  EXPECT_THAT(rows, HasSubstr("DPL-06a not run"));
}

TEST(ContrastLanes, HoldTheDeploymentsPodsBelowTheSets) {
  const Lanes lanes = lanes_of(both_workloads().timeline(), judged());
  EXPECT_THAT(lanes.lanes, SizeIs(2));
  EXPECT_EQ(lanes.deployment, "loose");
  std::vector<std::string> names;
  for (const Lane& lane : lanes.loose) names.push_back(lane.name);
  EXPECT_THAT(names, ElementsAre("loose-5d8f-abcde", "loose-5d8f-fghij", "loose-5d8f-klmno", "loose"));
  EXPECT_THAT(lanes.loose[0].faults, SizeIs(1));
  EXPECT_THAT(lanes.loose[1].findings, SizeIs(1));
  EXPECT_THAT(lanes.findings, IsEmpty());
  EXPECT_LT(lanes.loose[0].pods.front().spans.back().stretch.to, lanes.end);
  EXPECT_EQ(lanes.loose[1].pods.front().spans.back().stretch.to, lanes.end);  // never seen to go
  EXPECT_EQ(lanes.loose[3].claims.front().spans.back().stretch.to, lanes.end);
}

TEST(ContrastLanes, AreDrawnOneAboveTheOtherOnOneAxis) {
  const std::string page = html_page(judged(), {{"contrast", both_workloads().timeline()}});
  const std::size_t set = page.find(">StatefulSet app<");
  const std::size_t deployment = page.find(">Deployment loose<");
  ASSERT_NE(set, std::string::npos);
  ASSERT_NE(deployment, std::string::npos);
  EXPECT_LT(set, page.find(">app-1<"));
  EXPECT_LT(page.find(">app-1<"), deployment);
  EXPECT_LT(deployment, page.find(">klmno<"));
  EXPECT_EQ(page.find(">0s<"), page.rfind(">0s<"));  // one axis
  EXPECT_THAT(page, HasSubstr("<caption>StatefulSet and Deployment</caption>"));
}

TEST(DeploymentOf, IsReadFromTheReplicaSetAndTheHash) {
  Pod pod;
  EXPECT_EQ(deployment_of(pod), "");
  pod.meta.owners = {{"ReplicaSet", "loose-5d8f", Uid{"1"}, true}};
  EXPECT_EQ(deployment_of(pod), "");  // a ReplicaSet of its own
  pod.meta.labels["pod-template-hash"] = "5d8f";
  EXPECT_EQ(deployment_of(pod), "loose");
  pod.meta.owners.front().kind = "StatefulSet";
  EXPECT_EQ(deployment_of(pod), "");
}

}  // namespace
}  // namespace stateproof::report
