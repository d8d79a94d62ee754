#include "harness/diagnosis/writing.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/remedies.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

/// The first absolute path in a line; empty when there is none.
std::string path_in(const std::string& line) {
  constexpr const char* kEnds = " '\":,;()";
  for (auto at = line.find('/'); at != std::string::npos; at = line.find('/', at + 1))
    if (at == 0 || std::string_view{kEnds}.find(line[at - 1]) != std::string_view::npos)
      return line.substr(at, line.find_first_of(kEnds, at) - at);
  return {};
}

bool is_below(const std::string& path, const std::string& folder) {
  return path.rfind(folder, 0) == 0 && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// Where a container writes: the mount, and the volume behind it as the pod has it.
struct Place {
  const json* mount = nullptr;
  const json* volume = nullptr;
};

/// The mount that the path is on; without a path the only one that could be meant.
Place place_of(const SeenPod& seen, const Container& container, const std::string& path) {
  Place place;
  std::size_t candidates = 0;
  for (const json& mount : member(*container.spec, "volumeMounts"))
    for (const json& volume : in(*seen.served, "spec", "volumes")) {
      if (text(volume, "name") != text(mount, "name")) continue;
      const bool writable =
          member(volume, "emptyDir").is_object() || member(volume, "persistentVolumeClaim").is_object();
      const bool meant = path.empty() ? writable : is_below(path, text(mount, "mountPath"));
      if (!meant) continue;
      ++candidates;
      const bool nearer =
          place.mount == nullptr || text(mount, "mountPath").size() > text(*place.mount, "mountPath").size();
      if (nearer) place = {&mount, &volume};
    }
  return path.empty() && candidates > 1 ? Place{} : place;
}

json of_container(const Container& container, const json& change) {
  json changed = change;
  changed["name"] = container.name();
  return {{container.list(), json::array({changed})}};
}

bool make_room(const Workload& workload, const SeenPod& seen, const Place& place, Finding& finding) {
  const std::string limit = text(member(*place.volume, "emptyDir"), "sizeLimit");
  if (!limit.empty()) {
    const json larger{{"name", text(*place.volume, "name")}, {"emptyDir", {{"sizeLimit", more_than(limit)}}}};
    finding.remedy = {
        {fmt::format("raise the sizeLimit {} of the emptyDir {}", limit, text(*place.volume, "name")),
         patch_template(workload, {{"volumes", json::array({larger})}})},
        replace_after(workload, seen)};
    return true;
  }
  const std::string claim_name = text(member(*place.volume, "persistentVolumeClaim"), "claimName");
  const json* claim = workload.claim(claim_name);
  const json* storage_class =
      claim == nullptr ? nullptr : workload.storage_class(text(member(*claim, "spec"), "storageClassName"));
  if (storage_class == nullptr || !flag(*storage_class, "allowVolumeExpansion")) return false;
  finding.remedy = {{"ask the claim for more; its StorageClass allows expansion",
                     merge_patch({"-n", workload.ns(), "persistentvolumeclaim", claim_name},
                                 {{"spec", {{"resources", {{"requests", {{"storage", "<size>"}}}}}}}})},
                    {"or delete what is not needed", {}, 2}};
  return true;
}

bool make_writable(const Workload& workload, const SeenPod& seen, const Container& container,
                   const Place& place, const std::string& path, Finding& finding) {
  if (place.mount != nullptr && flag(*place.mount, "readOnly")) {
    const json mount{{"mountPath", text(*place.mount, "mountPath")}, {"readOnly", false}};
    finding.remedy = {
        {"mount the volume so that it can be written",
         patch_template(workload, of_container(container, {{"volumeMounts", json::array({mount})}}))},
        replace_after(workload, seen)};
    return true;
  }
  if (!flag(member(*container.spec, "securityContext"), "readOnlyRootFilesystem")) return false;
  finding.remedy.clear();
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos || slash == 0 ? std::string{} : path.substr(0, slash);
  if (!folder.empty()) {
    json patch = of_container(
        container, {{"volumeMounts", json::array({{{"name", "scratch"}, {"mountPath", folder}}})}});
    patch["volumes"] = json::array({{{"name", "scratch"}, {"emptyDir", json::object()}}});
    finding.remedy.push_back(
        {fmt::format("mount an emptyDir at {}; it hides what the image has there", folder),
         patch_template(workload, patch)});
    finding.remedy.push_back(replace_after(workload, seen));
  }
  const int way = finding.remedy.empty() ? 1 : 2;
  finding.remedy.push_back(
      {"or let the root file system be written",
       patch_template(workload,
                      of_container(container, {{"securityContext", {{"readOnlyRootFilesystem", false}}}})),
       way});
  finding.remedy.push_back(replace_after(workload, seen, way));
  return true;
}

bool share_with_group(const Workload& workload, const SeenPod& seen, const Container& container,
                      const Place& place, Finding& finding) {
  auto user = number(member(*container.spec, "securityContext"), "runAsUser");
  if (user == 0) user = number(in(*seen.served, "spec", "securityContext"), "runAsUser");
  const bool has_group = number(in(*seen.served, "spec", "securityContext"), "fsGroup") > 0;
  if (place.volume == nullptr || user == 0 || has_group) return false;
  finding.remedy = {
      {fmt::format("let the volume belong to a group of the user {} that the container runs as (fsGroup)",
                   user),
       patch_template(workload, {{"securityContext", {{"fsGroup", user}}}})},
      replace_after(workload, seen)};
  return true;
}

}  // namespace

std::string more_than(const std::string& limit) {
  const double bytes = parse_quantity(limit).value_or(0);
  return fmt::format("{:.0f}Mi", std::max(1.0, 8 * bytes / 0x1p20));
}

bool let_it_write(const Workload& workload, const SeenPod& seen, const Container& container,
                  const std::string& line, Finding& finding) {
  const std::string path = path_in(line);
  const Place place = place_of(seen, container, path);
  if (finding.id == "volume-full")
    return place.volume != nullptr && make_room(workload, seen, place, finding);
  if (finding.id == "file-system-read-only")
    return make_writable(workload, seen, container, place, path, finding);
  return finding.id == "permission-denied" && share_with_group(workload, seen, container, place, finding);
}

}  // namespace stateproof::diagnosis
