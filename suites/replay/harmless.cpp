#include "suites/replay/harmless.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "harness/model/steps.h"
#include "suites/replay/script.h"

namespace stateproof::replay {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Shorter than any controller may take, with the time that a history lets pass afterwards.
constexpr auto kPatience = 29s;
/// What controllers owe has been done when nothing was heard for so long.
constexpr auto kCalm = 1s;
/// Sources that are closer than this are not compared.
constexpr auto kSkew = 1500ms;

Elapsed random_time(Chance& chance, Elapsed most) {
  return Elapsed{static_cast<std::int64_t>(chance.below(static_cast<std::size_t>(most.count()) + 1))};
}

Elapsed long_pause(Chance& chance) {
  static const std::vector<std::chrono::seconds> pauses{1s, 10s, 28s, 31s, 65s, 125s, 301s, 900s};
  return chance.of(pauses);
}

/// A pause in which everything stands still. The words of the probe are timed, too: one that is longer than a
/// name may be wrong would make it late.
Elapsed pause_of(const Script& script, Chance& chance) {
  const bool is_timed = std::any_of(script.lines.begin(), script.lines.end(),
                                    [](const Line& line) { return line.as<DnsAnswer>() != nullptr; });
  // What a ledger's clients tell bears their own times, which stay as they are.
  const bool is_told_later = std::any_of(script.lines.begin(), script.lines.end(), [](const Line& line) {
    return line.as<LedgerRead>() != nullptr || line.as<LedgerWrites>() != nullptr;
  });
  if (is_told_later) return random_time(chance, 500ms);
  return is_timed ? random_time(chance, 28s) : long_pause(chance);
}

// ------------------------------------------------------------------------------------------------- ends

End chosen_end(Chance& chance) {
  switch (chance.below(3)) {
    case 0:
      return {End::Reason::kComplete, {}, {}};
    case 1:
      return {End::Reason::kInterrupted, "by the user", {}};
    default:
      return {End::Reason::kHarnessError, "no connection to the API server", {}};
  }
}

struct OpenStep {
  std::size_t begin = 0;
  const Step* step = nullptr;
};

/// The step that is under way after this many lines.
std::optional<OpenStep> open_step(const Script& script, std::size_t size) {
  std::optional<OpenStep> open;
  for (std::size_t i = 0; i < size; ++i)
    if (const Step* step = script.lines[i].as<Step>()) {
      if (step->phase == Step::Phase::kBegin)
        open = OpenStep{i, step};
      else
        open.reset();
    }
  return open;
}

void end_step(Script& script, Step::Phase phase, const std::string& text, Elapsed at) {
  const auto open = open_step(script, script.lines.size());
  if (!open) return;
  Step end = *open->step;
  end.phase = phase;
  end.text = text;
  script.lines.push_back({script.own(std::move(end)), at});
}

bool kill(Script& script, Chance& chance) {
  script.cut(chance.between(1, script.lines.size()));
  script.finish.reset();
  script.note(fmt::format("killed after #{}", script.lines.size()));
  return true;
}

bool interrupt(Script& script, Chance& chance) {
  script.cut(chance.between(1, script.lines.size()));
  script.note(fmt::format("interrupted after #{}", script.lines.size()));
  if (!chance.one_in(4)) end_step(script, Step::Phase::kFailed, "interrupted", script.lines.back().at);
  script.end_scenario({End::Reason::kInterrupted, "by the user", {}}, !chance.one_in(4));
  return true;
}

/// A request of the harness is not answered, or it cannot watch any more.
bool break_harness(Script& script, Chance& chance) {
  script.cut(chance.between(1, script.lines.size()));
  const Elapsed waited = chance.one_in(2) ? long_pause(chance) : Elapsed{0};
  script.note(fmt::format("the harness failed after #{}", script.lines.size()));
  end_step(script, Step::Phase::kFailed, "no answer within 30 s", script.lines.back().at + waited);
  script.end_scenario({End::Reason::kHarnessError, "no answer within 30 s", {}}, chance.one_in(2));
  return true;
}

// ------------------------------------------------------------------------------------------------ holes

struct Known {
  const ObjectSeen* seen = nullptr;
  [[nodiscard]] const ObjectMeta& meta() const { return meta_of(seen->object); }
};

/// What one watch knows after some lines, in the order of a list.
using State = std::map<std::string, Known>;

void apply(State& state, const ObjectSeen& seen) {
  const ObjectRef& ref = meta_of(seen.object).ref;
  const std::string key = ref.ns + "/" + ref.name;
  if (seen.change != Change::kDeleted)
    state[key] = {&seen};
  else if (const auto found = state.find(key);
           found != state.end() && found->second.meta().ref.uid == ref.uid)
    state.erase(found);
}

State state_after(const Script& script, const WatchKey& watch, std::size_t size) {
  State state;
  for (std::size_t i = 0; i < size; ++i)
    if (watch_of(*script.lines[i].entry) == watch) apply(state, *script.lines[i].as<ObjectSeen>());
  return state;
}

Entry synthesized(const ObjectSeen& seen, Change change) {
  return ObjectSeen{change, seen.object, seen.served, true};
}

bool same_state(const ObjectSeen& one, const ObjectSeen& other) {
  const ObjectMeta& a = meta_of(one.object);
  const ObjectMeta& b = meta_of(other.object);
  return &one == &other ||
         (a.ref.uid == b.ref.uid && a.resource_version == b.resource_version && !a.resource_version.empty());
}

/// What a list tells to a watch that knew `before`: what is gone first, then what is new or changed.
std::vector<Entry> difference(const State& before, const State& now) {
  std::vector<Entry> entries;
  for (const auto& [key, known] : before) {
    const auto still = now.find(key);
    if (still == now.end() || still->second.meta().ref.uid != known.meta().ref.uid)
      entries.push_back(synthesized(*known.seen, Change::kDeleted));
  }
  for (const auto& [key, known] : now) {
    const auto former = before.find(key);
    const bool same = former != before.end() && former->second.meta().ref.uid == known.meta().ref.uid;
    if (same && same_state(*former->second.seen, *known.seen)) continue;
    entries.push_back(synthesized(*known.seen, same ? Change::kModified : Change::kAdded));
  }
  return entries;
}

/// The watch loses lines [from, to), and is listed anew before `to`.
void lose(Script& script, const WatchKey& watch, std::size_t from, std::size_t to) {
  const State before = state_after(script, watch, from);
  const State now = state_after(script, watch, to);
  std::vector<Line> told(script.lines.begin(), script.lines.begin() + static_cast<std::ptrdiff_t>(from));
  for (std::size_t i = from; i < to; ++i)
    if (watch_of(*script.lines[i].entry) != watch) told.push_back(script.lines[i]);
  const Elapsed at = to < script.lines.size() ? script.lines[to].at : script.lines.back().at;
  const Entry* gap = script.own(Gap{watch.resource(), "too old resource version"});
  for (std::size_t i = from; i < to; ++i)
    if (const Step* step = script.lines[i].as<Step>(); step != nullptr && !step->begins()) {
      script.note_hole(script.lines[i].entry, gap);
      break;
    }
  told.push_back({gap, at});
  for (Entry& entry : difference(before, now)) told.push_back({script.own(std::move(entry)), at});
  told.insert(told.end(), script.lines.begin() + static_cast<std::ptrdiff_t>(to), script.lines.end());
  script.lines = std::move(told);
}

std::vector<WatchKey> watches_of(const Script& script) {
  std::set<WatchKey> watches;
  for (const Line& line : script.lines)
    if (const auto watch = watch_of(*line.entry)) watches.insert(*watch);
  return {watches.begin(), watches.end()};
}

std::size_t hole_length(Chance& chance, std::size_t most) {
  const std::size_t wish =
      chance.one_in(3) ? chance.below(most + 1) : chance.below(std::min<std::size_t>(most, 40) + 1);
  return std::min(wish, most);
}

bool lose_a_stretch(Script& script, Chance& chance) {
  const auto watches = watches_of(script);
  if (watches.empty()) return false;
  // Pods are what most is said of.
  std::vector<WatchKey> weighted = watches;
  for (const WatchKey& watch : watches)
    if (watch.ns == script.subject().ns && (watch.kind == "Pod" || watch.kind == "StatefulSet"))
      weighted.insert(weighted.end(), watch.kind == "Pod" ? 6 : 2, watch);
  const WatchKey& watch = chance.of(weighted);
  const std::size_t to = chance.between(1, script.lines.size());
  const std::size_t from = to - hole_length(chance, to - 1);
  script.note(fmt::format("{} of {} lost from #{} to #{}", watch.resource(), watch.ns, from + 1, to));
  lose(script, watch, from, to);
  return true;
}

/// As when the API server was restarted.
bool lose_everything_for_a_while(Script& script, Chance& chance) {
  const std::size_t to = chance.between(1, script.lines.size());
  const std::size_t from = to - hole_length(chance, to - 1);
  script.note(fmt::format("all watches lost #{} to #{}", from + 1, to));
  // From the end on, so that the places stay what they are.
  for (const WatchKey& watch : script.watches()) {
    std::size_t kept = to;
    // Earlier watches have taken lines away and put others after the stretch.
    kept = std::min(kept, script.lines.size());
    lose(script, watch, std::min(from, kept), kept);
  }
  return true;
}

/// Another process continues the recording: everything is listed by new watches, and what is gone is told
/// at last.
bool restart_recorder(Script& script, Chance& chance) {
  const std::size_t to = chance.between(1, script.lines.size());
  const std::size_t from = to - std::min<std::size_t>(hole_length(chance, to - 1), 60);
  std::vector<Line> told(script.lines.begin(), script.lines.begin() + static_cast<std::ptrdiff_t>(from));
  const Elapsed at = to < script.lines.size() ? script.lines[to].at : script.lines.back().at;
  std::vector<WatchKey> watches{script.watches().begin(), script.watches().end()};
  for (std::size_t i = from; i < to; ++i)
    if (!watch_of(*script.lines[i].entry)) told.push_back(script.lines[i]);
  told.push_back({script.own(Trouble{"the recorder was restarted"}), at});
  std::set<std::string> resources;
  for (const WatchKey& watch : watches) resources.insert(watch.resource());
  for (const std::string& resource : resources)
    told.push_back({script.own(Gap{resource, "the recorder was not running"}), at});
  for (std::size_t i = watches.size(); i > 1; --i) std::swap(watches[i - 1], watches[chance.below(i)]);
  std::vector<Line> vanished;
  for (const WatchKey& watch : watches) {
    const State before = state_after(script, watch, from);
    const State now = state_after(script, watch, to);
    for (const auto& [key, known] : now)
      told.push_back(
          {script.own(ObjectSeen{Change::kListed, known.seen->object, known.seen->served, false}), at});
    for (const auto& [key, known] : before) {
      const auto still = now.find(key);
      if (still == now.end() || still->second.meta().ref.uid != known.meta().ref.uid)
        vanished.push_back({script.own(synthesized(*known.seen, Change::kDeleted)), at});
    }
  }
  told.insert(told.end(), vanished.begin(), vanished.end());
  told.insert(told.end(), script.lines.begin() + static_cast<std::ptrdiff_t>(to), script.lines.end());
  script.lines = std::move(told);
  script.note(fmt::format("the recorder was away from #{} to #{}", from + 1, to));
  return true;
}

/// One watch falls silent for good; the harness notices when it waits next.
bool lose_a_watch(Script& script, Chance& chance) {
  const auto watches = watches_of(script);
  if (watches.empty()) return false;
  const WatchKey watch = chance.of(watches);
  const std::size_t from = chance.below(script.lines.size());
  std::size_t end = from;
  while (end < script.lines.size() && (script.lines[end].as<Step>() == nullptr ||
                                       script.lines[end].as<Step>()->phase == Step::Phase::kBegin))
    ++end;
  end = script.cut_place(end);
  std::vector<Line> told(script.lines.begin(), script.lines.begin() + static_cast<std::ptrdiff_t>(from));
  const std::string text = "watch of " + watch.resource() + ": no connection to the API server";
  const Elapsed at = script.lines[from].at;
  told.push_back({script.own(Trouble{text}), at});
  for (std::size_t i = from; i < end; ++i)
    if (watch_of(*script.lines[i].entry) != watch) told.push_back(script.lines[i]);
  script.lines = std::move(told);
  script.note(fmt::format("{} lost for good at #{}", watch.resource(), from + 1));
  end_step(script, Step::Phase::kFailed, text, script.lines.back().at + long_pause(chance));
  script.end_scenario({End::Reason::kHarnessError, text, {}}, chance.one_in(2));
  return true;
}

// ---------------------------------------------------------------------------------------------- slowness

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Steps that were reached, but for the clean-up.
std::vector<Span> steps_of(const Script& script) {
  std::vector<Span> steps;
  std::map<std::string, std::size_t> open;
  for (std::size_t i = 0; i < script.lines.size(); ++i) {
    const Step* step = script.lines[i].as<Step>();
    if (step == nullptr) continue;
    if (step->is<steps::Cleanup>()) break;
    if (step->phase == Step::Phase::kBegin)
      open[step->name()] = i;
    else if (const auto begun = open.extract(step->name());
             !begun.empty() && step->phase == Step::Phase::kReached)
      steps.push_back({begun.mapped(), i});
  }
  return steps;
}

/// Lines of a step before which nothing was heard for a while: whatever comes then, no controller was late.
std::vector<std::size_t> after_calm(const Script& script, const Span& step) {
  std::vector<std::size_t> places;
  Elapsed last = script.lines[step.begin].at;
  for (std::size_t i = step.begin + 1; i < step.end; ++i) {
    if (!watch_of(*script.lines[i].entry)) continue;
    if (script.lines[i].at - last >= kCalm) places.push_back(i);
    last = script.lines[i].at;
  }
  return places;
}

/// A step takes longer, because somebody who is not on trial does.
bool slow_down(Script& script, Chance& chance) {
  const auto steps = steps_of(script);
  if (steps.empty()) return false;
  const auto places = after_calm(script, chance.of(steps));
  if (places.empty()) return false;
  const std::size_t place = chance.of(places);
  const Elapsed pause = pause_of(script, chance);
  script.delay(place, pause);
  script.note(fmt::format("{} s of waiting before #{}",
                          std::chrono::duration_cast<std::chrono::seconds>(pause).count(), place + 1));
  return true;
}

/// What follows `last` is no longer there: the step timed out.
void time_out(Script& script, Chance& chance, std::size_t last, Elapsed at) {
  script.lines.resize(last + 1);
  end_step(script, Step::Phase::kTimedOut, "not within its limit", at);
  if (chance.one_in(8))
    script.finish.reset();
  else
    script.end_scenario(chance.one_in(4) ? chosen_end(chance) : End{}, !chance.one_in(5));
}

/// The last thing that the controllers had to wait for comes late; the step's time runs out before they have
/// had theirs.
bool run_out_of_time(Script& script, Chance& chance) {
  const auto steps = steps_of(script);
  if (steps.empty()) return false;
  const Span step = chance.of(steps);
  const auto places = after_calm(script, step);
  std::size_t late = step.begin + 1;
  if (!places.empty() && !chance.one_in(6)) {
    late = chance.of(places);
    script.delay(late, pause_of(script, chance));
  }
  // The first line may be the step's end.
  if (late >= step.end) {
    const Elapsed at = script.lines[step.begin].at + random_time(chance, kPatience);
    script.note(fmt::format("the step at #{} timed out at once", step.begin + 1));
    time_out(script, chance, step.begin, at);
    return true;
  }
  const Elapsed since = script.lines[late].at;
  std::size_t last = late;
  while (last + 1 < step.end && script.lines[last + 1].at - since < 20s && !chance.one_in(12)) ++last;
  const Elapsed at = script.lines[last].at + random_time(chance, kPatience - (script.lines[last].at - since));
  script.note(fmt::format("the step at #{} timed out after #{}, {} s after #{}", step.begin + 1, last + 1,
                          std::chrono::duration<double>(at - since).count(), late + 1));
  time_out(script, chance, last, at);
  return true;
}

/// What is served of an object whose newest state this is.
std::shared_ptr<const json> served_as(const ObjectSeen& seen, const std::string& version) {
  json served = *seen.served;
  served["metadata"]["resourceVersion"] = version;
  return std::make_shared<const json>(std::move(served));
}

/// Pods that are not Ready stay so, for want of a node or of an image; the step waits for them without
/// success.
bool starve_pods(Script& script, Chance& chance) {
  const auto steps = steps_of(script);
  if (steps.empty()) return false;
  const Span step = chance.of(steps);
  const auto places = after_calm(script, step);
  if (places.empty()) return false;
  const std::size_t end = chance.of(places);
  std::map<std::string, const ObjectSeen*> pods;
  for (std::size_t i = 0; i < end; ++i)
    if (const Pod* pod = script.lines[i].object<Pod>();
        pod != nullptr && pod->meta.ref.ns == script.subject().ns) {
      const auto* seen = script.lines[i].as<ObjectSeen>();
      if (seen->change == Change::kDeleted)
        pods.erase(pod->meta.ref.uid.value);
      else
        pods[pod->meta.ref.uid.value] = seen;
    }
  // Only where it is for a pod that the step waits.
  const bool waits = std::any_of(pods.begin(), pods.end(), [](const auto& one) {
    const Pod& pod = std::get<Pod>(one.second->object);
    return !pod.ready && !pod.terminating() && pod.phase == "Pending";
  });
  if (!waits) return false;
  const int cause = static_cast<int>(chance.below(2));
  script.lines.resize(end);
  Elapsed at = script.lines.back().at;
  for (const auto& [uid, seen] : pods) {
    Pod pod = std::get<Pod>(seen->object);
    if (pod.ready || pod.terminating() || pod.phase != "Pending") continue;
    pod.meta.resource_version = std::to_string(90'000'000 + script.lines.size());
    if (cause == 0) {
      pod.unscheduled_message = "0/3 nodes are available: 3 Insufficient cpu.";
      pod.scheduled_since.reset();
      pod.node.clear();
      pod.containers.clear();
    } else {
      if (pod.containers.empty()) pod.containers.push_back({});
      pod.containers.front().waiting_reason = "ImagePullBackOff";
      pod.containers.front().waiting_message = "Back-off pulling image";
    }
    at += 10ms;
    auto served = served_as(*seen, pod.meta.resource_version);
    script.lines.push_back(
        {script.own(ObjectSeen{Change::kModified, std::move(pod), std::move(served), false}), at});
  }
  script.note(fmt::format("pods that are not Ready at #{} stay so for want of {}", end,
                          cause == 0 ? "a node" : "an image"));
  time_out(script, chance, script.lines.size() - 1, at + long_pause(chance));
  return true;
}

/// What the controller writes in the end when nothing more happens.
void tell_status(Script& script, StatefulSet set, Elapsed at) {
  std::map<std::string, const Pod*> pods;
  const ObjectSeen* newest = nullptr;
  for (const Line& line : script.lines) {
    if (const auto* one = line.object<StatefulSet>();
        one != nullptr && one->meta.ref.uid == set.meta.ref.uid) {
      newest = line.as<ObjectSeen>();
      set = *one;
    }
    const Pod* pod = line.object<Pod>();
    if (pod == nullptr || pod->meta.controller() == nullptr ||
        pod->meta.controller()->uid != set.meta.ref.uid)
      continue;
    if (line.as<ObjectSeen>()->change == Change::kDeleted)
      pods.erase(pod->meta.ref.uid.value);
    else
      pods[pod->meta.ref.uid.value] = pod;
  }
  set.current_pods = {static_cast<int>(pods.size())};
  set.ready_pods = set.available_pods = set.updated_pods = set.current_revision_pods = {0};
  for (const auto& [uid, pod] : pods) {
    const std::string revision = pod->meta.label("controller-revision-hash");
    if (pod->ready) ++set.ready_pods.value;
    if (pod->ready && set.min_ready_seconds == 0) ++set.available_pods.value;
    if (revision == set.update_revision) ++set.updated_pods.value;
    if (revision == set.current_revision) ++set.current_revision_pods.value;
  }
  set.observed_generation = set.meta.generation;
  if (newest == nullptr) return;
  set.meta.resource_version = "89000000";
  auto served = served_as(*newest, set.meta.resource_version);
  script.lines.push_back(
      {script.own(ObjectSeen{Change::kModified, std::move(set), std::move(served), false}), at});
}

/// Pods of the set are refused by admission from here on: its controller tells so, and nothing comes.
bool refuse_pods(Script& script, Chance& chance) {
  const auto steps = steps_of(script);
  if (steps.empty()) return false;
  const Span step = chance.of(steps);
  std::size_t first = 0;
  for (std::size_t i = step.begin + 1; i < step.end && first == 0; ++i)
    if (const Pod* pod = script.lines[i].object<Pod>();
        pod != nullptr && script.lines[i].as<ObjectSeen>()->change == Change::kAdded &&
        pod->meta.ref.ns == script.subject().ns && pod->meta.controller() != nullptr &&
        pod->meta.controller()->kind == "StatefulSet")
      first = i;
  if (first == 0) return false;
  const Uid owner = script.lines[first].object<Pod>()->meta.controller()->uid;
  const StatefulSet* set = nullptr;
  for (std::size_t i = 0; i < first; ++i)
    if (const auto* one = script.lines[i].object<StatefulSet>(); one != nullptr && one->meta.ref.uid == owner)
      set = one;
  if (set == nullptr) return false;
  static const std::vector<std::string> reasons{
      "pods \"{}\" is forbidden: violates PodSecurity \"restricted:latest\"",
      "pods \"{}\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3",
      "admission webhook \"policy.example.org\" denied the request"};
  const ObjectRef refused = script.lines[first].object<Pod>()->meta.ref;
  const std::string why = fmt::format(fmt::runtime(chance.of(reasons)), refused.name);
  script.lines.resize(first);
  Elapsed at = script.lines.back().at;
  tell_status(script, *set, at);
  const std::size_t times = chance.between(1, 4);
  for (std::size_t i = 0; i < times; ++i) {
    const std::string name = script.subject().set + ".refused";
    const json event{{"apiVersion", "v1"},
                     {"kind", "Event"},
                     {"metadata",
                      {{"name", name},
                       {"namespace", script.subject().ns},
                       {"uid", "refused"},
                       {"resourceVersion", std::to_string(90'000'000 + i)}}},
                     {"involvedObject",
                      {{"kind", "StatefulSet"},
                       {"name", set->meta.ref.name},
                       {"namespace", set->meta.ref.ns},
                       {"uid", set->meta.ref.uid.value}}},
                     {"reason", "FailedCreate"},
                     {"type", "Warning"},
                     {"count", i + 1},
                     {"message", fmt::format("create Pod {} in StatefulSet {} failed error: {}", refused.name,
                                             set->meta.ref.name, why)},
                     {"reportingComponent", "statefulset-controller"},
                     {"source", {{"component", "statefulset-controller"}}}};
    at += 50ms * (i + 1);
    script.lines.push_back(
        {script.own(ObjectSeen{i == 0 ? Change::kAdded : Change::kModified, parse_object(event),
                               std::make_shared<const json>(event), false}),
         at});
  }
  script.note(fmt::format("{} refused at #{}", refused.name, first + 1));
  time_out(script, chance, script.lines.size() - 1, at + long_pause(chance));
  return true;
}

// ----------------------------------------------------------------------------------- answers and clients

/// A request that a step makes, and whose answer it keeps, is not answered.
bool lose_an_answer(Script& script, Chance& chance) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < script.lines.size(); ++i)
    if (const Step* step = script.lines[i].as<Step>();
        step != nullptr && step->phase != Step::Phase::kBegin &&
        (step->task.args().contains("answer") || step->task.args().contains("code") ||
         step->task.args().contains("answers")))
      places.push_back(i);
  if (places.empty()) return false;
  const std::size_t place = chance.of(places);
  Step step = *script.lines[place].as<Step>();
  static const std::vector<int> codes{0, 500, 503, 504};
  const int code = chance.of(codes);
  const json answer =
      code == 0
          ? json::object()
          : json{{"code", code}, {"reason", "InternalError"}, {"message", "etcdserver: request timed out"}};
  json args = step.task.args();
  if (args.contains("answer")) args["answer"] = answer;
  if (args.contains("code")) args["code"] = code;
  if (args.contains("answers"))
    for (auto& [claim, told] : args["answers"].items()) told = answer;
  step.task = Task::recorded(step.name(), args);
  script.lines[place].entry = script.own(std::move(step));
  script.note(fmt::format("the answer of #{} was lost ({})", place + 1, code));
  return true;
}

/// What clients tell is missing for a while before the line `to`.
template <class T>
bool lose_stretch_of(Script& script, Chance& chance, std::size_t to) {
  const std::size_t from = to - hole_length(chance, to - 1);
  std::vector<Line> told;
  told.reserve(script.lines.size());
  for (std::size_t i = 0; i < script.lines.size(); ++i)
    if (i < from || i >= to || script.lines[i].as<T>() == nullptr) told.push_back(script.lines[i]);
  const bool is_lost = told.size() < script.lines.size();
  script.lines = std::move(told);
  return is_lost;
}

template <class T>
bool lose_reports(Script& script, Chance& chance, const char* what) {
  const std::size_t to = chance.between(1, script.lines.size());
  if (!lose_stretch_of<T>(script, chance, to)) return false;
  script.note(fmt::format("{} lost before #{}", what, to));
  return true;
}

bool lose_reads(Script& script, Chance& chance) { return lose_reports<LedgerRead>(script, chance, "reads"); }
bool lose_looks(Script& script, Chance& chance) {
  return lose_reports<MountSeen>(script, chance, "looks at mounts") ||
         lose_reports<HostNameSeen>(script, chance, "host names");
}

/// The probe's reports are lost for a while. When it is heard again it tells everything anew.
bool lose_answers(Script& script, Chance& chance) {
  const std::size_t to = chance.between(1, script.lines.size());
  using Question = std::tuple<std::string, std::string, std::string, std::string>;
  std::map<Question, const Entry*> newest;
  for (std::size_t i = 0; i < to; ++i)
    if (const auto* told = script.lines[i].as<DnsAnswer>())
      newest[{told->vantage, told->server, told->name, told->type}] = script.lines[i].entry;
  const std::size_t before = script.lines.size();
  std::size_t place = to;
  if (!lose_stretch_of<DnsAnswer>(script, chance, to)) return false;
  place -= before - script.lines.size();
  const Elapsed at = place < script.lines.size() ? script.lines[place].at : script.lines.back().at;
  std::vector<Line> anew;
  for (const auto& [question, entry] : newest) anew.push_back({entry, at});
  script.lines.insert(script.lines.begin() + static_cast<std::ptrdiff_t>(place), anew.begin(), anew.end());
  script.note(fmt::format("answers of the DNS lost before #{}", to));
  return true;
}

bool fail_operations(Script& script, Chance& chance) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < script.lines.size(); ++i)
    if (script.lines[i].as<SqlOperation>() != nullptr || script.lines[i].as<LedgerRead>() != nullptr)
      places.push_back(i);
  if (places.empty()) return false;
  for (std::size_t times = chance.between(1, 3); times > 0; --times) {
    Line& line = script.lines[chance.of(places)];
    if (const auto* operation = line.as<SqlOperation>()) {
      SqlOperation failed = *operation;
      failed.outcome = SqlOperation::Outcome::kUnknown;
      failed.note = "the connection was lost";
      if (failed.kind == SqlOperation::Kind::kRead) failed.rows.clear();
      line.entry = script.own(std::move(failed));
    }
  }
  script.note("operations of clients without an answer");
  return true;
}

// ------------------------------------------------------------------------------------------------- order

bool is_hand(const Line& line) { return line.as<Step>() != nullptr || line.as<FaultMark>() != nullptr; }
bool is_told_by_a_list(const Line& line) {
  const auto* seen = line.as<ObjectSeen>();
  return line.as<Gap>() != nullptr ||
         (seen != nullptr && (seen->synthesized || seen->change == Change::kListed));
}

/// Each watch keeps its order, and nothing passes what the scenario did.
bool interleave(Script& script, Chance& chance) {
  std::size_t moved = 0;
  for (std::size_t begin = 0; begin < script.lines.size();) {
    std::size_t end = begin;
    while (end < script.lines.size() && !is_hand(script.lines[end]) &&
           !is_told_by_a_list(script.lines[end]) && script.lines[end].at - script.lines[begin].at < kSkew)
      ++end;
    if (end - begin > 1 && chance.one_in(2)) {
      std::map<WatchKey, std::vector<const Entry*>> queues;
      std::vector<std::size_t> places;
      for (std::size_t i = begin; i < end; ++i)
        if (const auto watch = watch_of(*script.lines[i].entry)) {
          queues[*watch].push_back(script.lines[i].entry);
          places.push_back(i);
        }
      std::map<WatchKey, std::size_t> told;
      for (const std::size_t place : places) {
        std::size_t turn = chance.below(queues.size());
        auto queue = queues.begin();
        std::advance(queue, static_cast<std::ptrdiff_t>(turn));
        while (told[queue->first] == queue->second.size())
          queue = std::next(queue) == queues.end() ? queues.begin() : std::next(queue);
        const Entry* entry = queue->second[told[queue->first]++];
        moved += entry == script.lines[place].entry ? 0U : 1U;
        script.lines[place].entry = entry;
      }
    }
    begin = std::max(end, begin + 1);
  }
  if (moved > 0) script.note(fmt::format("{} entries of watches in another order", moved));
  return moved > 0;
}

/// Whether the step in which this line stands timed out. A clock that jumps there makes it another history.
bool is_in_time_out(const Script& script, std::size_t place) {
  for (std::size_t i = place; i < script.lines.size(); ++i)
    if (const Step* step = script.lines[i].as<Step>(); step != nullptr && step->phase != Step::Phase::kBegin)
      return step->phase == Step::Phase::kTimedOut;
  return false;
}

bool jump(Script& script, Chance& chance) {
  const std::size_t place = chance.below(script.lines.size());
  if (is_in_time_out(script, place)) return false;
  if (chance.one_in(5)) {
    const Elapsed back = random_time(chance, 120s);
    script.delay(place, -back);
    script.note(fmt::format("the clock falls at #{}", place + 1));
  } else {
    script.delay(place, pause_of(script, chance));
    script.note(fmt::format("the clock jumps at #{}", place + 1));
  }
  return true;
}

bool repeat(Script& script, Chance& chance) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < script.lines.size(); ++i)
    if (watch_of(*script.lines[i].entry)) places.push_back(i);
  if (places.empty()) return false;
  for (std::size_t times = chance.between(1, 6); times > 0; --times) {
    const std::size_t place = std::min(chance.of(places), script.lines.size() - 1);
    if (!watch_of(*script.lines[place].entry)) continue;
    const Line line = script.lines[place];
    script.lines.insert(script.lines.begin() + static_cast<std::ptrdiff_t>(place) + 1, line);
    script.note(fmt::format("#{} told twice", place + 1));
  }
  return true;
}

bool has_wait(const Script& script) {
  return std::any_of(script.lines.begin(), script.lines.end(), [](const Line& line) {
    const auto* set = line.object<StatefulSet>();
    return set != nullptr && set->min_ready_seconds > 0;
  });
}

/// A Ready pod is not Ready for a moment.
bool flap(Script& script, Chance& chance) {
  if (has_wait(script)) return false;  // there it would have to wait anew
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i + 1 < script.lines.size(); ++i)
    if (const Pod* pod = script.lines[i].object<Pod>();
        pod != nullptr && pod->ready && !pod->terminating() && !is_hand(script.lines[i + 1]) &&
        script.lines[i].as<ObjectSeen>()->change != Change::kDeleted)
      places.push_back(i);
  if (places.empty()) return false;
  const std::size_t place = chance.of(places);
  const Line line = script.lines[place];
  ObjectSeen unready = *line.as<ObjectSeen>();
  unready.change = Change::kModified;
  std::get<Pod>(unready.object).ready = false;
  ObjectSeen ready = *line.as<ObjectSeen>();
  ready.change = Change::kModified;
  script.insert(place + 1, std::move(ready), line.at);
  script.insert(place + 1, std::move(unready), line.at);
  script.note(fmt::format("the pod of #{} flaps", place + 1));
  return true;
}

/// Somebody else's pod comes and goes in the namespace.
bool visit(Script& script, Chance& chance) {
  Pod pod;
  pod.meta.ref = {"Pod", script.subject().ns, chance.one_in(2) ? "debug" : script.subject().set + "-debug",
                  Uid{"a-visitor"}};
  pod.phase = "Running";
  pod.ready = chance.one_in(2);
  pod.addresses = {"192.0.2.77"};
  static const auto served = std::make_shared<const json>(json::object());
  const std::size_t from = chance.below(script.lines.size());
  const std::size_t to = chance.between(from, script.lines.size() - 1);
  script.insert(to, ObjectSeen{Change::kDeleted, pod, served, false}, script.lines[to].at);
  script.insert(from, ObjectSeen{Change::kAdded, std::move(pod), served, false}, script.lines[from].at);
  script.note(fmt::format("a visitor from #{} to #{}", from + 1, to + 2));
  return true;
}

using Act = bool (*)(Script&, Chance&);

struct Weighted {
  Act act;
  std::size_t weight;
};

/// First what the cluster had to wait for: a step that times out has heard all watches.
constexpr std::array<Weighted, 4> kWaits{
    {{slow_down, 4}, {run_out_of_time, 10}, {starve_pods, 4}, {refuse_pods, 4}}};
/// Then what befell the recorder and its clients meanwhile.
constexpr std::array<Weighted, 12> kTroubles{{
    {lose_a_stretch, 10},
    {lose_everything_for_a_while, 3},
    {restart_recorder, 3},
    {lose_an_answer, 2},
    {lose_answers, 2},
    {lose_reads, 1},
    {lose_looks, 1},
    {fail_operations, 1},
    {interleave, 3},
    {jump, 2},
    {repeat, 2},
    {flap, 3},
}};
/// At last what ended it.
constexpr std::array<Weighted, 4> kEnds{{{kill, 4}, {interrupt, 3}, {break_harness, 2}, {lose_a_watch, 2}}};

template <std::size_t N>
Act chosen(const std::array<Weighted, N>& acts, Chance& chance) {
  std::size_t all = 0;
  for (const Weighted& one : acts) all += one.weight;
  std::size_t turn = chance.below(all);
  for (const Weighted& one : acts) {
    if (turn < one.weight) return one.act;
    turn -= one.weight;
  }
  return acts.front().act;
}

}  // namespace

HarmlessHistory harmless(const Timeline& good, std::uint64_t seed) {
  Script script{good};
  Chance chance{seed};
  const bool waits = chance.one_in(2);
  const std::size_t troubles = chance.below(4);
  // First, for no watch tells of a pod what it has lost.
  if (chance.one_in(12)) visit(script, chance);
  if (waits) chosen(kWaits, chance)(script, chance);
  std::vector<Act> befell;
  for (std::size_t i = 0; i < troubles; ++i) befell.push_back(chosen(kTroubles, chance));
  // Whoever visits does so in sight of a watch, or where it loses what it lost of all others.
  std::stable_partition(befell.begin(), befell.end(), [](Act act) { return act == visit || act == flap; });
  for (const Act act : befell) act(script, chance);
  if ((!waits && troubles == 0) || chance.one_in(3)) chosen(kEnds, chance)(script, chance);
  return {script.timeline(), script.told};
}

HarmlessHistory with_hole_before(const Timeline& timeline, std::size_t before, std::uint64_t seed) {
  Script script{timeline};
  Chance chance{seed};
  const std::size_t to = std::clamp<std::size_t>(before, 1, script.lines.size());
  const std::size_t from = to - hole_length(chance, to - 1);
  const auto watches = watches_of(script);
  if (watches.empty()) return {timeline, {}};
  const WatchKey watch = chance.of(watches);
  script.note(fmt::format("{} of {} lost from #{} to #{}", watch.resource(), watch.ns, from + 1, to));
  lose(script, watch, from, to);
  return {script.timeline(), script.told};
}

}  // namespace stateproof::replay
