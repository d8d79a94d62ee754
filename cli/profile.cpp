#include "cli/profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <iostream>

#include "cli/interrupt.h"
#include "cli/players.h"
#include "cli/run.h"
#include "harness/record/jsonl.h"
#include "suites/catalogue.h"

namespace stateproof::cli {
namespace {

using scenarios::Scenario;

/// Two wait for the cluster more than they work; the few of quick and upgrade follow each other.
int default_parallel(Profile profile) {
  return profile == Profile::kConformance || profile == Profile::kDisruptive ? 2 : 1;
}

Profile profile_of(const ProfileOptions& options) {
  return parse_profile(options.begin.profile).value_or(Profile::kQuick);
}

std::size_t parallel_of(const ProfileOptions& options) {
  return static_cast<std::size_t>(options.parallel > 0 ? options.parallel
                                                       : default_parallel(profile_of(options)));
}

/// The longest first; at the end those that nothing else may play beside.
std::deque<const Scenario*> in_order_of_play(Profile profile) {
  std::deque<const Scenario*> order;
  for (const Scenario& scenario : scenarios::all())
    if (has_place(scenario.profile, profile)) order.push_back(&scenario);
  std::stable_sort(order.begin(), order.end(), [](const Scenario* one, const Scenario* other) {
    return std::pair(plays_alone(*one), -one->seconds) < std::pair(plays_alone(*other), -other->seconds);
  });
  return order;
}

std::vector<std::string> arguments_for(const Scenario& scenario, const BeginOptions& begin) {
  std::vector<std::string> arguments{"run", std::string{scenario.name}, "--out", begin.out.string()};
  add_cluster_arguments(arguments, begin.cluster);
  return arguments;
}

/// Several processes write there at once: into a file, each must append.
void append_to(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0) ::fcntl(descriptor, F_SETFL, flags | O_APPEND);
}

/// False when something of it could not be started or judged, which was said.
bool play_all(const ProfileOptions& options) {
  const Interrupt interrupt;
  const Profile profile = profile_of(options);
  const std::filesystem::path& out = options.begin.out;
  Players players(out / "run.log", interrupt.stop(), interrupt.hurry());
  std::deque<const Scenario*> waiting = in_order_of_play(profile);
  bool whole = true;
  const auto may_start = [&] {
    if (waiting.empty() || interrupt.stop().stop_requested()) return false;
    const std::size_t running = players.running();
    return running == 0 || (!plays_alone(*waiting.front()) && running < parallel_of(options));
  };
  while (true) {
    while (may_start()) {
      const Scenario& next = *waiting.front();
      waiting.pop_front();
      if (players.start(std::string{next.name}, arguments_for(next, options.begin))) continue;
      harness_error(fmt::format("No process can be started for scenario {}.", next.name));
      whole = false;
    }
    const auto ended = players.await_one();
    if (!ended) return whole;
    if (ended->code != ExitCode::kConformant) continue;
    if (const auto judged = judge_scenario(ended->name, profile, out); !judged) {
      harness_error(judged.error().sentence);
      whole = false;
    }
  }
}

/// Seconds until the last scenario ends, when each takes as long as it says.
int expected_seconds(const std::deque<const Scenario*>& order, std::size_t parallel) {
  std::vector<int> ends(parallel, 0);
  for (const Scenario* scenario : order) {
    const auto first = std::min_element(ends.begin(), ends.end());
    const auto last = std::max_element(ends.begin(), ends.end());
    if (plays_alone(*scenario))
      std::fill(ends.begin(), ends.end(), *last + scenario->seconds);
    else
      *first += scenario->seconds;
  }
  return *std::max_element(ends.begin(), ends.end());
}

}  // namespace

int run_profile(const ProfileOptions& options) {
  if (const int code = begin(options.begin); code != ExitCode::kConformant) return code;
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) append_to(descriptor);
  const bool whole = play_all(options);
  const int code = report(options.begin.out);
  return whole ? code : std::max(code, static_cast<int>(ExitCode::kInconclusive));
}

std::string dry_run_text(const ProfileOptions& options) {
  const Profile profile = profile_of(options);
  const auto order = in_order_of_play(profile);
  const ClusterOptions& cluster = options.begin.cluster;
  std::string text =
      fmt::format("Profile {} would play these scenarios, {} at a time, in about {} min:\n", to_text(profile),
                  parallel_of(options), (expected_seconds(order, parallel_of(options)) + 59) / 60);
  std::string namespaces;
  for (const Scenario* scenario : order) {
    text += fmt::format("  {:20} {:>4} s  {}{}\n", scenario->name, scenario->seconds, scenario->title,
                        plays_alone(*scenario) ? " (alone)" : "");
    for (const std::string& name : namespaces_of(*scenario, "RUN", cluster.ns))
      namespaces += fmt::format("  {}\n", name);
  }
  const auto promises = std::count_if(catalogue().begin(), catalogue().end(), [&](const Promise& promise) {
    return has_place(promise.profile, profile);
  });
  text += fmt::format("\nJudged: {} promises\n", promises);
  text += fmt::format("Namespaces, created and deleted again:\n{}", namespaces);
  text += fmt::format("Image: {}\n",
                      cluster.image.empty()
                          ? fmt::format("{} where every node has it, else {}", kBuiltImage, kPublishedImage)
                          : cluster.image);
  text += "Rights (as manifests: stateproof rbac --profile " + std::string{to_text(profile)} + "):\n";
  for (const scenarios::Right& right : scenarios::rights_of(profile))
    text += "  " + scenarios::to_text(right) + "\n";
  return text;
}

}  // namespace stateproof::cli
