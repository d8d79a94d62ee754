#include "harness/diagnosis/binding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

std::vector<std::string> modes(const json& spec) {
  std::vector<std::string> all;
  for (const json& mode : member(spec, "accessModes"))
    if (mode.is_string()) all.push_back(mode.get<std::string>());
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

bool is_reserved_for(const json& reference, const json& claim) {
  const json& meta = member(claim, "metadata");
  return text(reference, "name") == text(meta, "name") &&
         text(reference, "namespace") == text(meta, "namespace");
}

void compare_owner(const json& claim, const json& volume, std::vector<Mismatch>& found) {
  const json& reference = in(volume, "spec", "claimRef");
  const std::string phase = text(in(volume, "status"), "phase");
  if (!text(member(volume, "metadata"), "deletionTimestamp").empty())
    found.push_back({"phase", "a volume that stays", "being deleted"});
  if (phase == "Failed") found.push_back({"phase", "Available", "Failed"});
  if (text(reference, "name").empty()) return;
  if (!is_reserved_for(reference, claim)) {
    found.push_back(
        {phase == "Released" ? "phase" : "claimRef", "free, or reserved for it",
         fmt::format("{} of claim {}/{}", phase == "Released" ? "Released, still" : "taken: it is",
                     text(reference, "namespace"), text(reference, "name"))});
    return;
  }
  const std::string uid = text(reference, "uid");
  if (!uid.empty() && uid != text(member(claim, "metadata"), "uid"))
    found.push_back({"claimRef", text(member(claim, "metadata"), "uid"), uid});
}

}  // namespace

std::vector<Mismatch> mismatches(const json& claim, const json& volume) {
  std::vector<Mismatch> found;
  compare_owner(claim, volume, found);
  const json& wants = member(claim, "spec");
  const json& has = member(volume, "spec");
  if (text(wants, "storageClassName") != text(has, "storageClassName"))
    found.push_back({"class", fmt::format("\"{}\"", text(wants, "storageClassName")),
                     fmt::format("\"{}\"", text(has, "storageClassName"))});
  constexpr const char* kAttributes = "volumeAttributesClassName";
  if (text(wants, kAttributes) != text(has, kAttributes))
    found.push_back({"attributes class", fmt::format("\"{}\"", text(wants, kAttributes)),
                     fmt::format("\"{}\"", text(has, kAttributes))});
  const std::string asked = text(in(wants, "resources", "requests"), "storage");
  const std::string size = text(member(has, "capacity"), "storage");
  if (parse_quantity(asked).value_or(0) > parse_quantity(size).value_or(0))
    found.push_back({"size", asked, size});
  const auto asked_modes = modes(wants);
  const auto modes_there = modes(has);
  if (!std::all_of(asked_modes.begin(), asked_modes.end(), [&](const std::string& mode) {
        return std::find(modes_there.begin(), modes_there.end(), mode) != modes_there.end();
      }))
    found.push_back({"access modes", joined(asked_modes), joined(modes_there)});
  const std::string mode = text_or(wants, "volumeMode", "Filesystem");
  if (mode != text_or(has, "volumeMode", "Filesystem"))
    found.push_back({"volume mode", mode, text_or(has, "volumeMode", "Filesystem")});
  if (const json& selector = member(wants, "selector");
      selector.is_object() && !selects(selector, labels_of(volume)))
    found.push_back(
        {"labels", selector_text(selector), labels_of(volume).empty() ? "none" : pairs(labels_of(volume))});
  return found;
}

std::optional<Candidate> nearest_volume(const Workload& workload, const json& claim) {
  if (!workload.snapshot().volumes) return std::nullopt;
  const json& spec = member(claim, "spec");
  if (const std::string named = text(spec, "volumeName"); !named.empty()) {
    const json* volume = workload.volume(named);
    if (volume == nullptr) return std::nullopt;
    return Candidate{volume, mismatches(claim, *volume)};
  }
  std::optional<Candidate> nearest;
  std::optional<Candidate> stranger;
  bool own_class = false;
  const std::string wanted_class = text(spec, "storageClassName");
  const auto taken = [&](const Candidate& candidate) {
    const json& reference = in(*candidate.volume, "spec", "claimRef");
    return !text(reference, "name").empty() && !is_reserved_for(reference, claim);
  };
  const auto rank = [&](const Candidate& candidate) {
    const json& reference = in(*candidate.volume, "spec", "claimRef");
    return std::tuple{!is_reserved_for(reference, claim), taken(candidate), candidate.mismatches.size()};
  };
  for (const json& volume : *workload.snapshot().volumes) {
    const json& reference = in(volume, "spec", "claimRef");
    const bool same_class = text(member(volume, "spec"), "storageClassName") == wanted_class;
    own_class = own_class || (same_class && !wanted_class.empty());
    Candidate candidate{&volume, mismatches(claim, volume)};
    if (same_class || is_reserved_for(reference, claim)) {
      if (!nearest || rank(candidate) < rank(*nearest)) nearest = std::move(candidate);
    } else if (candidate.mismatches.size() == 1 && !stranger) {
      stranger = std::move(candidate);
    }
  }
  // Volumes of other classes are somebody else's, unless there is none of the claim's own class.
  const bool none_of_its_own = !nearest || (taken(*nearest) && !own_class);
  return none_of_its_own && stranger ? stranger : nearest;
}

}  // namespace stateproof::diagnosis
