#include "suites/explore/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <mutex>
#include <string>

#include "suites/reference_model/promises.h"
#include "suites/watched/promises.h"

namespace stateproof::explore {
namespace {

constexpr std::string_view kPrefix = "explore-";

/// What else holds whatever is done, and is judged without steps. The others want ordinals that stay.
constexpr std::array<std::string_view, 2> kAlso{"ID-05", "STO-02"};

struct Kept {
  std::string name;
  Promise promise;
};

Promise made(std::string_view name) {
  Promise promise = reference_model_promise(name, Profile::kConformance);
  promise.id = name;
  promise.title = "Whatever is done to a set, the cluster acts as the reference model does";
  for (const Requirement& requirement : watched_requirements())
    if (std::find(kAlso.begin(), kAlso.end(), requirement.id) != kAlso.end())
      promise.requirements.push_back(requirement);
  return promise;
}

}  // namespace

const Promise& promise_of(std::uint32_t seed) {
  static std::mutex mutex;
  static std::map<std::uint32_t, Kept> all;
  const std::scoped_lock lock(mutex);
  const auto [place, is_new] = all.try_emplace(seed);
  Kept& kept = place->second;
  if (is_new) {
    kept.name = fmt::format("{}{}", kPrefix, seed);
    kept.promise = made(kept.name);
  }
  return kept.promise;
}

std::optional<std::uint32_t> seed_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  std::uint32_t seed = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), seed);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return seed;
}

}  // namespace stateproof::explore
