#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/kube/exec.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// A client pod that asks the cluster's DNS all the time; every answer that differs goes into the recording.
class DnsProbe {
 public:
  /// Streams the probe into a running pod and starts it. Throws HarnessTrouble.
  DnsProbe(Stage& stage, const std::string& ns, const std::string& pod);

  /// From now on this absolute name, too, or for a PTR record this address. With a `server` that one is asked
  /// by itself. Throws HarnessTrouble when the probe is lost.
  void ask_for(const std::string& name, const std::string& type = "A", const std::string& server = {});
  /// The name of a pod, in the families of addresses of its governing Service.
  void ask_for_pod(Ordinal ordinal);
  /// The same for a short name, by the pod's search path.
  void search_for(const std::string& name, const std::string& type = "A");

  /// "namespace/pod", as it stands in DnsAnswer::vantage.
  [[nodiscard]] const std::string& vantage() const { return vantage_; }

 private:
  void order(const std::string& line);
  void on_line(const std::string& line);
  Stage& stage_;
  std::string vantage_;
  std::unique_ptr<kube::ExecStream> stream_;
};

/// Shell command that reads `bytes` bytes from stdin into an executable file: `head` ends by count, so that
/// it works where stdin cannot be closed.
std::string install_command(std::size_t bytes, const std::string& path);

inline const record::Within kClientsReady{std::chrono::seconds{120}, "an image that may have to be pulled"};
inline const record::Within kResolve{
    std::chrono::seconds{60},
    "default time-to-live of cluster DNS, 30 s, for a cached answer and once more for propagation"};

/// Name of the pods from which scenarios ask.
inline constexpr const char* kClientPod = "stateproof-client";
inline constexpr const char* kProbePath = "/tmp/stateproof-probe";

}  // namespace stateproof::scenarios
