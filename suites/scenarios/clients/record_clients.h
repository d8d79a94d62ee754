#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/workload/contract.h"
#include "suites/scenarios/clients/record_text.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Clients that write records by the commands of a contract, one after the other, while the workload is
/// disturbed, and read them back. They run in the workload's own containers; what they were told goes into
/// the recording.
class RecordClients {
 public:
  RecordClients(Stage& stage, const workload::Contract& contract);
  ~RecordClients();
  RecordClients(const RecordClients&) = delete;
  RecordClients& operator=(const RecordClients&) = delete;

  /// Begins to write, and waits until each writer was acknowledged something. Step "first-writes". Throws
  /// HarnessTrouble, with the place in the contract, when a command cannot be run.
  void start();
  /// Waits until a write is acknowledged that began after now. Steps "recover".
  void await_service(const std::string& disruption, Ordinal ordinal);
  /// Lets the writers rest, reads every record of these members until they have what was acknowledged or the
  /// limit is over, which is awaited once for each record, and lets the writers continue. Step "verify".
  /// Throws HarnessTrouble when what is read is no record.
  void verify(const std::string& after, const std::vector<Ordinal>& members);
  /// No write is under way, and none follows.
  void stop();

 private:
  class Writer;
  [[nodiscard]] std::string leader() const;
  LedgerRows read(Ordinal member) const;
  LedgerRows read_patiently(Ordinal member, std::chrono::steady_clock::time_point until);
  void rest();

  Stage& stage_;
  const workload::Contract& contract_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool resting_ = false;  ///< guarded by mutex_, as what follows
  std::set<Record> acknowledged_;
  std::map<Ordinal, std::set<Record>> given_up_;  ///< records that did not come in time; of one thread
  std::vector<std::unique_ptr<Writer>> writers_;  // last: their threads use the rest
};

}  // namespace stateproof::scenarios
