#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ID-02a: a container's host name is the name of its pod, after the pod was replaced, too.
Verdict host_name_is_pod_name(const Timeline& timeline);
/// ID-02b: its full name is the pod's name in the domain of the governing Service.
Verdict full_host_name_is_in_the_service(const Timeline& timeline);

}  // namespace stateproof::check
