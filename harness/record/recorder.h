#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "harness/kube/watch.h"
#include "harness/model/claim_size.h"
#include "harness/model/timeline.h"
#include "harness/record/recording_file.h"

namespace stateproof::record {

/// The newest state of everything that was recorded: what a scenario waits on.
struct View {
  std::map<std::string, Pod> pods;         ///< by name, of the subject's namespace
  std::map<std::string, Pod> client_pods;  ///< by "namespace/name", of other namespaces
  std::map<std::string, StatefulSet> sets;
  std::map<std::string, Claim> claims;
  std::map<std::string, ClaimSize> claim_sizes;
  std::map<std::string, Volume> volumes;  ///< cluster-wide
  std::map<std::string, Service> services;
  std::map<std::string, EndpointSlice> slices;
  std::map<std::string, ControllerRevision> revisions;
  std::map<std::string, DisruptionBudget> budgets;
  std::map<std::string, ObjectMeta> namespaces;  ///< that exist, of those that are watched
  std::set<std::string> service_accounts;        ///< "namespace/name"
  std::string last_warning;                      ///< newest Event of type Warning, for people
  /// By vantage, name and type.
  std::map<std::tuple<std::string, std::string, std::string>, DnsAnswer> dns;
  /// Of replicas of the DNS server that were asked by themselves: by vantage, name, type and server.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, DnsAnswer> replica_dns;
  /// What the ledger's clients were told.
  struct Ledger {
    std::int64_t acknowledged = 0;  ///< writes, of all clients
    Elapsed last_acknowledged{0};   ///< when the newest of them began
    std::set<int> resting;          ///< writers
    std::set<int> writers;          ///< that were heard of
    std::string last_error;
    std::map<std::string, LedgerRead> reads;  ///< newest of each member
  } ledger;
};

/// How far a condition is from true.
struct Standing {
  bool reached = false;
  std::string last_seen;   ///< for people: the state at present
  std::string impossible;  ///< not empty: why it can no longer become true
};
using Condition = std::function<Standing(const View&)>;

/// A limit and the reason for its length, which a time-out repeats.
struct Within {
  std::chrono::milliseconds limit;
  std::string why;
};

struct Waited {
  enum class Result {
    kReached,
    kTimedOut,    ///< the cluster did not do it in time
    kImpossible,  ///< the condition says why it never will
    kBlind,       ///< the harness could not watch: no verdict on the cluster
    kStopped,     ///< asked to stop
  };
  Result result = Result::kReached;
  std::string text;  ///< last state, cause
};

/// Writes everything that is seen and done into one recording, in the order in which it arrives, and wakes
/// whoever waits for it. Thread safe. What the watch of one resource delivers keeps the API server's order.
class Recorder {
 public:
  using Clock = std::chrono::steady_clock;

  /// `file` may be empty (tests): then nothing is written.
  Recorder(Header header, std::optional<RecordingFile> file);
  /// Continues a recording whose recorder is gone. What was missed is recorded as a gap of each resource;
  /// call `tell_vanished` when the watches have delivered their first lists.
  Recorder(const Timeline& former, std::optional<RecordingFile> file);
  ~Recorder();

  /// A sink that records what one watch delivers. `watch` names it in troubles, for example "pods". The sink
  /// lives as long as the recorder, which must outlive the Watcher.
  kube::WatchSink* sink(std::string watch);

  /// Appends an entry: to the file first, then to memory.
  std::size_t add(Entry entry);
  [[nodiscard]] Elapsed elapsed() const;

  /// Evaluates `condition` at once and after every entry, until it holds or `within` is over.
  Waited await(const Condition& condition, const Within& within, const std::stop_token& stop);

  /// Runs `read` on the present state. Keep it short: recording waits for it.
  template <class Read>
  auto look(Read read) const {
    const std::scoped_lock lock(mutex_);
    return read(view_);
  }

  /// Waits until the watch behind each sink has delivered its first list.
  Waited await_synced(const Within& within, const std::stop_token& stop);

  /// The watches are renewed: await_synced now waits until each was heard again.
  void doubt_watches();

  /// Objects of the former recording that no watch has listed since are recorded as deleted.
  void tell_vanished();
  /// Last record. Nothing can be added afterwards.
  void finish(End end);

  /// Not empty when the file could not be written (disk full): one sentence.
  [[nodiscard]] std::string write_error() const;
  [[nodiscard]] std::size_t size() const;

 private:
  class Sink;
  enum class Hearing { kAwaited, kHeard, kTrouble, kLost };
  struct Watch {
    Hearing hearing = Hearing::kAwaited;
    std::string cause;  ///< of kTrouble and kLost
  };

  std::size_t add_locked(Entry entry);
  void update_view(const Entry& entry);
  void update_object(const ObjectSeen& seen);
  void update_ledger(const LedgerWrites& writes);
  [[nodiscard]] bool is_foreign(const KubeObject& object) const;
  void remember(const Timeline& former);
  /// Why nothing more can be learned; empty when the watches and the file work.
  [[nodiscard]] std::string blindness() const;
  /// Cause of the first watch that stands so; nullopt when none does.
  [[nodiscard]] std::optional<std::string> any_watch(Hearing hearing) const;

  const Clock::time_point began_;
  const Subject subject_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<RecordingFile> file_;
  std::size_t count_ = 0;
  bool finished_ = false;
  View view_;
  std::map<std::string, ObjectSeen> unlisted_;  ///< by UID: of the recording that is continued
  std::map<std::string, Watch> watches_;
  std::vector<std::unique_ptr<Sink>> sinks_;
};

}  // namespace stateproof::record
