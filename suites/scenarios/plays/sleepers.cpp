#include "suites/scenarios/plays/sleepers.h"

#include <fmt/format.h>

#include <sstream>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"

namespace stateproof::scenarios {

using fixtures::Sleeper;
using nlohmann::json;

namespace {

/// The first name in the line of /etc/hosts that has this one, which is what `hostname --fqdn` answers.
std::string full_name(std::istream& hosts, const std::string& name) {
  for (std::string line; std::getline(hosts, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    std::string first;
    words >> address >> first;
    for (std::string word = first; !word.empty(); word.clear(), words >> word)
      if (word == name) return first;
  }
  return {};
}

}  // namespace

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
    const ObjectRef pod = stage_.pod_now(ordinal);
    std::istringstream told(stage_.exec(ordinal, {"cat", "/proc/sys/kernel/hostname", "/etc/hosts"}));
    std::string name;
    std::getline(told, name);
    stage_.recorder().add(HostNameSeen{pod.name, pod.uid, name, full_name(told, name)});
  }
  stage_.end(steps::HostNames{}, Step::Phase::kReached, "read");
}

json with_missing_image(json container) {
  container["image"] = "stateproof.local/no-such-image:1";
  container["imagePullPolicy"] = "Never";
  return container;
}

}  // namespace stateproof::scenarios
