#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stateproof::diagnosis {

/// "2 node(s) didn't match pod anti-affinity rules" of the scheduler's message.
struct SchedulerReason {
  int nodes = 0;
  std::string words;
  std::string_view id;  ///< the finding that it stands for; empty when it is not known
};

/// Reasons in the message of PodScheduled=False or FailedScheduling, as they stand there; what it says of
/// preemption is left out. Never fails: an unknown text gives none.
std::vector<SchedulerReason> scheduler_reasons(std::string_view message);

/// Of these reasons the one to mend: that of nodes which the pod could have had, and of most of them.
const SchedulerReason* decisive(const std::vector<SchedulerReason>& reasons);

}  // namespace stateproof::diagnosis
