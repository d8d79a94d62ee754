#include "suites/scenarios/plays/sleepers.h"

#include <fmt/format.h>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/insides.h"

namespace stateproof::scenarios {

using fixtures::Sleeper;
using nlohmann::json;

std::vector<Ordinal> Sleepers::first(int count) const { return ordinals(stage_.subject().first, {count}); }

void Sleepers::create(const std::vector<json>& wanted, const record::Condition& until) {
  const Subject& subject = stage_.subject();
  stage_.step(
      steps::Create{.replicas = subject.replicas},
      fmt::format("StatefulSet {} with {} replicas", subject.set, subject.replicas.value),
      [&] { stage_.create(stage_.mutated(wanted)); }, until, kSleepersStart);
}

void Sleepers::release(Ordinal ordinal, const record::Condition& until) {
  const Subject& subject = stage_.subject();
  stage_.step(
      steps::Release{.ordinal = ordinal}, fmt::format("let {} become Ready", subject.pod_name(ordinal)),
      [&] { stage_.exec(ordinal, {"touch", Sleeper::kReadyFile}); },
      both(all_ready(subject, {ordinal}), until), kSleepersStart);
}

void Sleepers::make_unready(Ordinal ordinal, Replicas still_ready) {
  const Subject& subject = stage_.subject();
  stage_.step(
      steps::Unready{.ordinal = ordinal}, fmt::format("make {} unready", subject.pod_name(ordinal)),
      [&] { stage_.exec(ordinal, {"rm", Sleeper::kReadyFile}); }, counted_ready(subject, still_ready),
      kSleepersStart);
}

void Sleepers::make_stay(const std::string& pod) { stage_.exec(pod, {"mkfifo", Sleeper::kStayPipe}); }

// The pipe stays open until the command has ended: the pod goes after it and takes no exit code with it.
void Sleepers::let_end(const std::string& pod) {
  stage_.exec(pod, {"sh", "-c", fmt::format("exec >{}", Sleeper::kStayPipe)});
}

void Sleepers::read_host_names(const std::vector<Ordinal>& wanted) {
  stage_.begin(steps::HostNames{}, "host names inside the pods");
  for (const Ordinal ordinal : wanted) {
    auto names = host_names_of(stage_, stage_.subject().pod_name(ordinal));
    if (!names) throw HarnessTrouble(names.error());
    stage_.recorder().add(std::move(*names));
  }
  stage_.end(steps::HostNames{}, Step::Phase::kReached, "read");
}

json with_missing_image(json container) {
  container["image"] = "stateproof.local/no-such-image:1";
  container["imagePullPolicy"] = "Never";
  return container;
}

}  // namespace stateproof::scenarios
