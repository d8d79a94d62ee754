#include "cli/job_standing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "fixtures/runner/runner.h"
#include "harness/model/fields.h"
#include "harness/report/text.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;
using Stage = JobStanding::Stage;

std::string text_said(const json& object, const char* key) {
  return report::one_line(report::valid_text(fields::text(object, key)));
}

/// The kubelet tries again, but nothing changes by itself.
bool is_hopeless(const std::string& reason) {
  constexpr std::array<std::string_view, 6> reasons{"ImagePullBackOff",     "ErrImageNeverPull",
                                                    "InvalidImageName",     "CreateContainerConfigError",
                                                    "CreateContainerError", "RunContainerError"};
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

JobStanding lost(std::string sentence) { return {Stage::kLost, 0, std::move(sentence)}; }

const json& run_of(const json& pod) {
  static const json none;
  for (const json& container : fields::in(pod, "status", "containerStatuses"))
    if (fields::text(container, "name") == fixtures::RunnerPod::kRun) return container;
  return none;
}

/// The true condition of this type; null when there is none.
const json& condition(const json& object, std::string_view type, std::string_view status) {
  static const json none;
  for (const json& one : fields::in(object, "status", "conditions"))
    if (fields::text(one, "type") == type && fields::text(one, "status") == status) return one;
  return none;
}

JobStanding of_terminated(const json& terminated) {
  const std::string reason = fields::text(terminated, "reason");
  const int code = fields::small_number(terminated, "exitCode", -1);
  if (reason == "OOMKilled")
    return lost(
        "The run was killed because it needed more memory than the limit of its container; report it.");
  if (reason != "Completed" && reason != "Error")
    return lost(fmt::format(
        "The image does not start ({}: {}); pass an image of stateproof for the architecture of the nodes "
        "as --image. The database's is --database-image.",
        reason, text_said(terminated, "message")));
  return {Stage::kEnded, code, {}};
}

JobStanding of_container(const json& pod, const json& container) {
  const json& state = fields::member(container, "state");
  if (const json& terminated = fields::member(state, "terminated"); terminated.is_object())
    return of_terminated(terminated);
  if (fields::member(state, "running").is_object()) return {Stage::kRunning, 0, {}};
  const json& waiting = fields::member(state, "waiting");
  const std::string reason = fields::text(waiting, "reason");
  std::string sentence =
      fmt::format("The pod {} does not start ({}: {})", fields::text(fields::member(pod, "metadata"), "name"),
                  reason, text_said(waiting, "message"));
  if (is_hopeless(reason))
    return lost(
        fmt::format("{}; pass --image with a name that the nodes can pull, and --image-pull-secret where it "
                    "needs a login, "
                    "or load the image into the nodes.",
                    sentence));
  return {Stage::kWaiting, 0, sentence + "."};
}

JobStanding of_pod(const json& pod) {
  const json& container = run_of(pod);
  if (container.is_object()) {
    const JobStanding standing = of_container(pod, container);
    if (standing.stage != Stage::kWaiting || fields::in(pod, "status", "phase") != "Failed") return standing;
  }
  const json& status = fields::member(pod, "status");
  if (fields::text(status, "phase") == "Failed")
    return lost(fmt::format("The pod of the Job failed ({}: {}); run it again where nodes have room for it.",
                            fields::text(status, "reason"), text_said(status, "message")));
  const json& unscheduled = condition(pod, "PodScheduled", "False");
  if (unscheduled.is_object())
    return {Stage::kWaiting, 0,
            fmt::format("No node takes the pod ({}); see --toleration and --node-selector.",
                        text_said(unscheduled, "message"))};
  return {Stage::kWaiting, 0, "The pod has not started yet."};
}

}  // namespace

JobStanding standing_of(const SeenJob& seen) {
  if (seen.pod.is_object() && run_of(seen.pod).is_object()) {
    JobStanding standing = of_pod(seen.pod);
    if (standing.is_over() || !seen.pod_is_gone) return standing;
  }
  const json& failed = condition(seen.job, "Failed", "True");
  if (failed.is_object())
    return lost(fmt::format("The Job failed ({}: {}); run it again.", fields::text(failed, "reason"),
                            text_said(failed, "message")));
  if (seen.pod_is_gone) return lost("The pod of the Job was deleted by somebody else; run it again.");
  if (seen.pod.is_object()) return of_pod(seen.pod);
  if (!seen.refusal.empty())
    return {Stage::kWaiting, 0,
            fmt::format(
                "The cluster admits no pod of the Job ({}); pass what it demands (--label, --toleration), "
                "another --namespace, or ask for the quota.",
                report::one_line(report::valid_text(seen.refusal)))};
  return {Stage::kWaiting, 0, "The Job has no pod yet; look whether its controller runs."};
}

}  // namespace stateproof::cli
