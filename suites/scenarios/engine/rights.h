#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/resource.h"
#include "harness/model/promise.h"

namespace stateproof::scenarios {

struct Scenario;

/// What a user of the cluster may do, in the words of RBAC.
struct Right {
  std::string_view verb;
  kube::Resource resource;
  std::string_view subresource = {};

  friend bool operator==(const Right&, const Right&) = default;
};

/// "patch statefulsets/scale.apps"
std::string to_text(const Right& right);

/// What this scenario needs: what every one does, what it watches besides, and its own.
std::vector<Right> rights_of(const Scenario& scenario);
/// What all scenarios of a run of this profile need.
std::vector<Right> rights_of(Profile run);

}  // namespace stateproof::scenarios
