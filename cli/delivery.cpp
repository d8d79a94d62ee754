#include "cli/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "cli/interrupt.h"
#include "cli/run.h"
#include "harness/model/object_name.h"
#include "harness/report/compare.h"
#include "harness/report/digest.h"
#include "harness/report/whole_file.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFieldManager = "stateproof";
constexpr std::size_t kMostCompared = 256U << 10U;

/// The folders that put_aside moved the runs before to, the newest first: their ids sort by time.
std::vector<fs::path> former_runs(const fs::path& out) {
  const fs::path place = fs::absolute(out).lexically_normal();
  const std::string begin = place.filename().string() + ".";
  std::vector<fs::path> runs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(place.parent_path(), ignored))
    if (entry.path().filename().string().starts_with(begin) &&
        fs::exists(entry.path() / "plan.json", ignored))
      runs.push_back(entry.path());
  std::sort(runs.rbegin(), runs.rend());
  return runs;
}

void remove_old_runs(const fs::path& out, int keeps) {
  const std::vector<fs::path> runs = former_runs(out);
  for (std::size_t i = static_cast<std::size_t>(keeps); keeps > 0 && i < runs.size(); ++i) {
    std::error_code error;
    fs::remove_all(runs[i], error);
    std::cerr << "The old run in " << runs[i].string()
              << (error ? " cannot be removed: " + error.message() : " was removed") << "\n";
  }
}

/// The text of the comparison, which is printed, too; raises `code` when it shows something worse.
std::string compared(const report::RunResult& present, const fs::path& out, int& code) {
  const std::vector<fs::path> runs = former_runs(out);
  const auto former =
      runs.empty() ? tl::make_unexpected(report::FolderError{}) : report::load_run(runs.front());
  if (!former) {
    std::cout << "There is no run before this one to compare it with.\n";
    return "no run before this one\n";
  }
  const report::Comparison comparison = report::compare(*former, present);
  std::cout << comparison.text;
  if (comparison.worse) code = std::max(code, static_cast<int>(ExitCode::kBroken));
  return comparison.text.substr(0, kMostCompared);
}

tl::expected<void, HarnessError> write_config_map(const DeliveryOptions& options,
                                                  const ClusterOptions& cluster,
                                                  const std::map<std::string, std::string>& data) {
  const auto place = parse_namespaced_name(options.config_map);
  if (!place) return fail(fmt::format("{} is not NAMESPACE/NAME.", options.config_map));
  const Interrupt interrupt;
  const auto client = connect(cluster, interrupt.stop());
  if (!client) return tl::make_unexpected(client.error());
  const json object{{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"metadata", {{"name", place->second}, {"namespace", place->first}}},
                    {"data", data}};
  const auto written =
      client->apply(kube::kConfigMaps, place->first, place->second, object, kFieldManager, true);
  if (!written) return fail(fmt::format("The summary is not written: {}", written.error().sentence()));
  return {};
}

/// Whoever collects the results of plugins is another user.
std::error_code write_for_all(const fs::path& file, std::string_view text) {
  std::error_code error = report::write_whole(file, text);
  if (!error)
    fs::permissions(
        file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
        error);
  return error;
}

/// The file "done" comes last: it says that the other one is whole.
tl::expected<void, HarnessError> tell_sonobuoy(const fs::path& plugin, const fs::path& out) {
  const fs::path told = plugin / "junit.xml";
  const auto junit = report::read_whole(report::RunFolder(out).junit());
  std::error_code error = junit ? write_for_all(told, *junit) : junit.error();
  // Without it the plugin would be waited for until its time is over.
  if (const std::error_code late = write_for_all(plugin / "done", told.string()); !error) error = late;
  if (error)
    return fail(
        fmt::format("The results cannot be given to Sonobuoy in {} ({}).", plugin.string(), error.message()));
  return {};
}

}  // namespace

fs::path plugin_folder() {
  for (const char* name : {"SONOBUOY_RESULTS_DIR", "RESULTS_DIR"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "/tmp/sonobuoy/results";
}

int deliver(const DeliveryOptions& options, const BeginOptions& begin, int code) {
  const auto attempt = [&](const tl::expected<void, HarnessError>& done) {
    if (!done) code = harness_error(done.error().sentence);
  };
  const auto run = report::load_run(begin.out);
  std::string comparison;
  if (options.compares && run) comparison = compared(*run, begin.out, code);
  if (!options.config_map.empty()) {
    auto data = report::digest(run.value_or(report::RunResult{}), code, now());
    if (!run) data["trouble"] = run.error().sentence;
    if (options.compares) data["comparison"] = comparison;
    attempt(write_config_map(options, begin.cluster, data));
  }
  remove_old_runs(begin.out, options.keeps);
  if (options.plugin) attempt(tell_sonobuoy(*options.plugin, begin.out));
  return code;
}

}  // namespace stateproof::cli
