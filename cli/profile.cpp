#include "cli/profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>
#include <vector>

#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/players.h"
#include "cli/run.h"
#include "harness/model/fields.h"
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

struct PlayedAll {
  bool whole = true;  ///< false when something of it could not be started or judged, which was said
  bool interrupted = false;
};

PlayedAll play_all(const ProfileOptions& options) {
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
    if (!ended) return {whole, interrupt.stop().stop_requested()};
    if (ended->code != ExitCode::kConformant) continue;
    if (const auto judged = judge_scenario(ended->name, profile, out); !judged) {
      harness_error(judged.error().sentence);
      whole = false;
    }
  }
}

struct ProfileEnd {
  int code = ExitCode::kInconclusive;
  bool interrupted = false;
};

ProfileEnd play_profile(const ProfileOptions& options) {
  if (const int code = begin(options.begin); code != ExitCode::kConformant) return {code};
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) append_to(descriptor);
  const PlayedAll played = play_all(options);
  const int code = report(options.begin.out, options.is_fetched ? Summary::kElsewhere : Summary::kPrinted);
  return {played.whole ? code : std::max(code, static_cast<int>(ExitCode::kInconclusive)),
          played.interrupted};
}

/// Names of the StorageClasses that make volumes by themselves; the others are told.
tl::expected<std::vector<std::string>, HarnessError> provisioning_classes(const ClusterOptions& cluster) {
  const auto client = connect(cluster, {});
  if (!client) return tl::make_unexpected(client.error());
  const auto classes = client->list(kube::kStorageClasses, "");
  if (!classes) return fail(classes.error().sentence());
  std::vector<std::string> names;
  for (const nlohmann::json& one : classes->items) {
    const std::string name = fields::text(fields::member(one, "metadata"), "name");
    if (fields::text(one, "provisioner") == "kubernetes.io/no-provisioner")
      std::cerr << fmt::format("StorageClass {} is left out: its volumes are made by hand.\n", name);
    else
      names.push_back(name);
  }
  if (names.empty())
    return fail("No StorageClass of this cluster provisions volumes; see kubectl get storageclass.");
  return names;
}

/// Broken anywhere is broken; what was not run is not proved.
int worst_code(const std::map<std::string, int>& codes, std::size_t wanted) {
  int worst = codes.size() < wanted ? ExitCode::kInconclusive : ExitCode::kConformant;
  for (const auto& [name, code] : codes)
    if (worst != ExitCode::kBroken) worst = code == ExitCode::kBroken ? code : std::max(worst, code);
  return worst;
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
  return deliver(options.delivery, options.begin, play_profile(options).code);
}

int run_profile_on_every_class(const ProfileOptions& options) {
  const auto classes = provisioning_classes(options.begin.cluster);
  if (!classes) return harness_error(classes.error().sentence);
  std::map<std::string, int> codes;
  for (const std::string& name : *classes) {
    ProfileOptions one = options;
    one.begin.cluster.terms.storage_class = name;
    one.begin.out /= name;
    std::cout << fmt::format("StorageClass {}\n", name) << std::flush;
    const ProfileEnd end = play_profile(one);
    codes[name] = end.code;
    if (end.interrupted) break;
  }
  std::cout << "\n";
  for (const std::string& name : *classes)
    std::cout << fmt::format("{:<30} {}\n", name,
                             codes.contains(name) ? fmt::format("exit code {}", codes[name]) : "not run");
  return worst_code(codes, classes->size());
}

int seconds_of(const ProfileOptions& options) {
  return expected_seconds(in_order_of_play(profile_of(options)), parallel_of(options));
}

std::string dry_run_text(const ProfileOptions& options) {
  const Profile profile = profile_of(options);
  const auto order = in_order_of_play(profile);
  const ClusterOptions& cluster = options.begin.cluster;
  std::string text = fmt::format("Profile {} would play these scenarios, {} at a time, in about {} min:\n",
                                 to_text(profile), parallel_of(options), (seconds_of(options) + 59) / 60);
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
