#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/model/ids.h"
#include "harness/model/ledger.h"
#include "harness/model/objects.h"
#include "harness/model/rfc3339.h"
#include "harness/model/step.h"

namespace stateproof {

/// Time since the recording began, by the recorder's steady clock. For people and for measured lags;
/// never for the order of what two watches saw.
using Elapsed = std::chrono::microseconds;

enum class Change { kListed, kAdded, kModified, kDeleted };

/// One event of one watch. Events of one resource are in the API server's order.
struct ObjectSeen {
  Change change = Change::kAdded;
  KubeObject object;
  std::shared_ptr<const nlohmann::json> served;  ///< without managedFields; never null in a loaded recording
  bool synthesized = false;                      ///< derived from a re-list after a gap
};

/// A stretch that the watch of one resource could not deliver.
struct Gap {
  std::string resource;  ///< plural, for example "pods"
  std::string reason;
};

/// Something done to the cluster on purpose, written before it is done.
struct FaultMark {
  enum class Phase { kInject, kHeal };
  std::string name;  ///< "DeletePod", ...
  Phase phase = Phase::kInject;
  ObjectRef target;
};

/// One answer of the cluster's DNS, as a client pod saw it. Unchanged answers are summed up in later entries
/// (`queries` counts them), so silence in the timeline is no silence of the probe.
struct DnsAnswer {
  std::string vantage;  ///< "namespace/pod" that asked
  std::string name;     ///< as asked, short or absolute, without a final dot; of a PTR record the address
  std::string type = "A";
  std::string server;                  ///< address that was asked
  std::string rcode;                   ///< NOERROR, NXDOMAIN, SERVFAIL, TIMEOUT, ...
  std::vector<std::string> addresses;  ///< of A and AAAA, sorted
  std::int64_t ttl = 0;                ///< seconds
  bool changed = true;                 ///< differs from the answer before
  std::int64_t queries = 1;
  std::vector<std::string> records = {};  ///< of SRV "PRIORITY WEIGHT PORT TARGET", of PTR names; sorted
  bool replica = false;                   ///< `server` is one replica of the DNS server, asked by itself
};

struct Row {
  std::string key;
  std::string checksum;  ///< SHA-256 in hex: of the payload as sent (write) or as found and recomputed (read)
};

/// One operation of a client of the database.
struct SqlOperation {
  enum class Kind { kWrite, kRead };
  enum class Outcome { kOk, kFailed, kUnknown };
  Kind kind = Kind::kRead;
  Outcome outcome = Outcome::kOk;
  std::string member;  ///< pod name
  Uid pod;             ///< the incarnation that was spoken to
  Elapsed began{0};
  Elapsed ended{0};
  std::vector<Row> rows;  ///< written, or everything that was found
  std::string note;       ///< error text, or for example "no such table"
};

/// What is mounted at the data path inside a running container, by its own mount table.
struct MountSeen {
  std::string member;  ///< pod name
  Uid pod;
  std::string path;
  bool present = false;  ///< a mount point exactly at `path`
  std::string root;      ///< path inside the mounted file system
  std::string source;
  std::string fs_type;
};

/// The names by which a running container knows its own host.
struct HostNameSeen {
  std::string member;  ///< pod name
  Uid pod;
  std::string name;       ///< of the kernel, what `hostname` prints
  std::string qualified;  ///< what /etc/hosts has for it first, what `hostname --fqdn` prints; may be empty
};

/// Trouble of the harness itself, kept so that a reader can tell it from the cluster's.
struct Trouble {
  std::string text;
};

using Entry = std::variant<ObjectSeen, Gap, Step, FaultMark, DnsAnswer, SqlOperation, MountSeen, HostNameSeen,
                           Trouble, LedgerWrites, LedgerReserved, LedgerState, LedgerRead, LedgerRows>;

struct Observation {
  std::size_t index = 0;  ///< position in the recording, from 1; what a report shows as #17
  Elapsed at{0};
  Entry what;

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&what);
  }
  /// The object of an ObjectSeen, when it is a T.
  template <class T>
  [[nodiscard]] const T* object() const {
    const auto* seen = std::get_if<ObjectSeen>(&what);
    return seen == nullptr ? nullptr : std::get_if<T>(&seen->object);
  }
  [[nodiscard]] bool is_deletion() const {
    const auto* seen = std::get_if<ObjectSeen>(&what);
    return seen != nullptr && seen->change == Change::kDeleted;
  }
};

/// What the scenario wanted, as opposed to what was deployed: a mutant changes the deployment, not this.
struct Subject {
  std::string ns;
  std::string set;
  std::string service;
  std::string claim_template;
  std::string mount_path;
  std::string container;
  std::string zone = "cluster.local";
  std::string publishing_service = {};  ///< headless, publishes pods that are not Ready, too; empty: none
  std::string port_name = {};           ///< of the port of `service`, over TCP; empty: of no concern
  int port = 0;
  Replicas replicas{3};
  Ordinal first{0};
  bool ordered = true;  ///< podManagementPolicy OrderedReady was wanted

  [[nodiscard]] std::string pod_name(Ordinal ordinal) const {
    return set + "-" + std::to_string(ordinal.value);
  }
  [[nodiscard]] std::string claim_name(Ordinal ordinal) const {
    return claim_template + "-" + pod_name(ordinal);
  }
  [[nodiscard]] std::string service_dns_name() const { return service + "." + ns + ".svc." + zone; }
  [[nodiscard]] std::string dns_name(Ordinal ordinal) const {
    return pod_name(ordinal) + "." + service_dns_name();
  }
};

/// First record of a recording.
struct Header {
  std::string scenario;
  std::string run;  ///< id of the run
  Timestamp started{};
  std::string mutant;  ///< name of the mutant that was deployed; empty for the honest deployment
  Subject subject;
  nlohmann::json environment = nlohmann::json::object();  ///< server version, nodes, StorageClass, image, ...
};

/// Last record; missing when the recorder was killed.
struct End {
  enum class Reason { kComplete, kInterrupted, kHarnessError };
  Reason reason = Reason::kComplete;
  std::string text;
  std::map<std::string, std::uint64_t> requests;  ///< sent to the API server, by verb and resource
};

/// A recording in memory: what checkers judge. Order is the order of `observations`.
struct Timeline {
  Header header;
  std::vector<Observation> observations;
  std::optional<End> finish;  ///< nullopt: the recorder was killed, the recording stops in the middle

  [[nodiscard]] auto begin() const { return observations.begin(); }
  [[nodiscard]] auto end() const { return observations.end(); }
  [[nodiscard]] auto size() const { return observations.size(); }
  [[nodiscard]] const Observation& at_index(std::size_t index) const { return observations.at(index - 1); }
  [[nodiscard]] const Subject& subject() const { return header.subject; }
};

}  // namespace stateproof
