#pragma once

#include <string>
#include <vector>

#include "harness/kube/testing/scripted_server.h"

namespace stateproof::kube::testing {

/// A way in which an API server, or whatever stands in its place, harms those who ask it. It answers any
/// request, of a list, an object or a watch.
struct Hostility {
  std::string name;  ///< a word in camel case
  Handler handler;
};

/// `elsewhere`: URL of another server, to which some of them lead.
std::vector<Hostility> hostilities(const std::string& elsewhere);

}  // namespace stateproof::kube::testing
