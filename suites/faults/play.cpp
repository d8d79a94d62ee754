#include <fmt/format.h>

#include <algorithm>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/observe.h"
#include "harness/diagnosis/remedies.h"
#include "suites/faults/faults.h"
#include "suites/faults/steps.h"
#include "suites/scenarios/disruptions/node_container.h"

namespace stateproof::faults {
namespace {

using namespace std::chrono_literals;
using diagnosis::Finding;
using nlohmann::json;
using scenarios::Stage;

const record::Within kHealed{180s, "controllers that were refused back off before they retry"};
// The longest of the doctor's own patience with a cluster that is still at work.
constexpr auto kDiagnosed = 150s;

std::string set_of(const Fault& fault, const Stage& stage) {
  return fault.set.empty() ? stage.subject().set : std::string{fault.set};
}

diagnosis::Diagnosis look(Stage& stage, const std::string& set) {
  const auto snapshot = diagnosis::observe(stage.client(), {stage.subject().ns, set});
  if (!snapshot) throw scenarios::HarnessTrouble(snapshot.error().sentence);
  return diagnosis::diagnose_all(*snapshot).front();
}

/// Until something happens; a while at most, for some causes are told by nothing but their age.
void await_news(Stage& stage) {
  int entries = -1;
  (void)stage.recorder().await(
      [&entries](const record::View&) { return record::Standing{++entries > 0, {}, {}}; },
      {3s, "some causes show only after a while"}, stage.stop());
  if (stage.stop().stop_requested()) throw scenarios::Interrupted();
}

void fail(Stage& stage, const Task& step, const std::string& text) {
  stage.end(step, Step::Phase::kFailed, text);
  throw scenarios::Curtain{};
}

/// Of notes nothing is demanded, unless one is what the fault is about.
std::vector<Finding> demanded(const Fault& fault, const diagnosis::Diagnosis& seen) {
  std::vector<Finding> findings = seen.findings;
  std::erase_if(findings, [&](const Finding& finding) { return finding.note != fault.note; });
  return findings;
}

std::string told(const diagnosis::Diagnosis& seen) {
  return diagnosis::text_of(
      seen, std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

/// The first look that finds anything must find this and nothing else.
Finding demand(Stage& stage, const Fault& fault) {
  const Task step = steps::Diagnose{};
  stage.begin(step, std::string{fault.finding});
  const auto deadline = std::chrono::steady_clock::now() + kDiagnosed;
  for (;;) {
    const diagnosis::Diagnosis seen = look(stage, set_of(fault, stage));
    const auto findings = demanded(fault, seen);
    if (!findings.empty()) {
      if (findings.size() != 1 || findings.front().id != fault.finding)
        fail(stage, step, fmt::format("expected {} and no other finding:\n{}", fault.finding, told(seen)));
      stage.end(step, Step::Phase::kReached, told(seen));
      return findings.front();
    }
    if (std::chrono::steady_clock::now() > deadline)
      fail(stage, step, fmt::format("nothing was found in {} s", std::chrono::seconds{kDiagnosed}.count()));
    await_news(stage);
  }
}

// Every command of the first way that mends something, as it is printed, by a shell on the control plane,
// where kubectl is.
void apply(Stage& stage, const Fault& fault, const Finding& finding) {
  const Task step = steps::Remedy{};
  stage.begin(step, std::string{fault.finding});
  if (fault.mend != nullptr) fault.mend(stage);
  const auto words = fault.words == nullptr ? std::map<std::string, std::string>{} : fault.words(stage);
  scenarios::NodeContainer node(scenarios::control_plane_node(stage.client()));
  std::string script = "set -e\nexport KUBECONFIG=/etc/kubernetes/admin.conf\n";
  if (!fault.editor.empty()) script += fmt::format("export KUBE_EDITOR=\"sed -i {}\"\n", fault.editor);
  std::string done;
  for (const diagnosis::Remedy& remedy : diagnosis::first_way(finding, words)) {
    done += (done.empty() ? "" : "; ") + remedy.command;
    script += remedy.command + "\n";
  }
  if (done.empty() && fault.mend == nullptr)
    fail(stage, step, "no way of the remedy can be run as it is printed");
  node.run({"bash", "-o", "pipefail", "-c", script});
  stage.end(step, Step::Phase::kReached, done);
}

record::Standing ready(const Subject& subject, int replicas, const record::View& view) {
  int count = 0;
  for (const auto& [name, pod] : view.pods)
    if (ordinal_of(name, subject.set) && pod.ready && !pod.terminating()) ++count;
  return {count == replicas, fmt::format("{} of {} pods Ready", count, replicas), {}};
}

record::Condition all_ready(const Stage& stage, const Fault& fault) {
  return [subject = stage.subject(), replicas = fault.replicas](const record::View& view) {
    return ready(subject, replicas, view);
  };
}

void demand_health(Stage& stage, const Fault& fault) {
  const Task step = steps::Healthy{};
  stage.begin(step, "the doctor finds nothing wrong");
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    const diagnosis::Diagnosis seen = look(stage, stage.subject().set);
    const auto findings = demanded(fault, seen);
    const bool content =
        fault.leaves.empty() ? findings.empty() : findings.size() == 1 && findings.front().id == fault.leaves;
    const std::string text = told(seen);
    if (content) {
      stage.end(step, Step::Phase::kReached, text);
      return;
    }
    if (std::chrono::steady_clock::now() > deadline) fail(stage, step, text);
    await_news(stage);
  }
}

/// Whatever ends the play.
class Tidying {
 public:
  Tidying(Stage& stage, const Fault& fault) : stage_(stage), fault_(fault) {}
  Tidying(const Tidying&) = delete;
  Tidying& operator=(const Tidying&) = delete;
  ~Tidying() {
    if (fault_.tidy == nullptr) return;
    try {
      fault_.tidy(stage_);
    } catch (const scenarios::HarnessTrouble&) {  // clean_up names what is left
    }
  }

 private:
  Stage& stage_;
  const Fault& fault_;
};

/// As most people's sets are: run as the image has it, without limits.
void loosen(std::vector<json>& objects) {
  json& pod = fixtures::object_of_kind(objects, "StatefulSet")["spec"]["template"]["spec"];
  pod.erase("securityContext");
  for (const char* strictness : {"securityContext", "resources"}) pod["containers"][0].erase(strictness);
}

void play(Stage& stage) {
  const Fault& fault = *find(stage.request().mutant);
  const Tidying tidying(stage, fault);
  std::vector<json> objects = fixtures::sleeper_objects(
      stage.request().image, {.replicas = {fault.replicas}, .claims = fault.claims});
  loosen(objects);
  if (fault.spoil != nullptr) fault.spoil(objects, stage.subject().ns);
  if (fault.prepare != nullptr) fault.prepare(stage);
  if (fault.inject == nullptr || !fault.starts) {
    stage.create(objects);
  } else {
    stage.step(
        steps::Create{{fault.replicas}}, std::string{fault.title}, [&] { stage.create(objects); },
        all_ready(stage, fault), kHealed);
  }
  if (fault.inject != nullptr) fault.inject(stage);
  const Finding finding = demand(stage, fault);
  if (fault.note) return;
  apply(stage, fault, finding);
  if (fault.heals) stage.step(steps::Healed{}, "all pods are Ready", [] {}, all_ready(stage, fault), kHealed);
  demand_health(stage, fault);
}

}  // namespace

const scenarios::Scenario& scenario() {
  static const scenarios::Scenario scenario{.name = "fault",
                                            .title = "a fault, its diagnosis and its remedy",
                                            .subject = fixtures::sleeper_subject,
                                            .play = play,
                                            .also_watches = {}};
  return scenario;
}

}  // namespace stateproof::faults
