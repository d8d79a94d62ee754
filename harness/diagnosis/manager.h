#pragma once

#include <string>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// Who makes the set and would change it back: an operator's object, a Helm release, a GitOps application;
/// empty when nobody is known. "Helm release shop (namespace shop)"
std::string manager_of(const Workload& workload);

}  // namespace stateproof::diagnosis
