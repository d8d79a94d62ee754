#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "fixtures/mariadb-replicated/replicated.h"
#include "harness/kube/exec.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// The entry of one line of a ledger's journal, or why it has none. `clock` is what has to be added to the
/// ledger's clock to have the recorder's.
tl::expected<Entry, std::string> entry_of_journal(const std::string& line, std::chrono::microseconds clock);
/// What `stateproof-ledger read` printed.
LedgerRows rows_of_answer(const std::string& answer, const std::string& position);

/// The ledger's clients in the client namespace, and its journal, every line of which goes into the
/// recording. When the connection is lost, the clients keep running, and reading the journal resumes where it
/// was left.
class LedgerClients {
 public:
  LedgerClients(Stage& stage, fixtures::Passwords passwords);
  ~LedgerClients();
  LedgerClients(const LedgerClients&) = delete;
  LedgerClients& operator=(const LedgerClients&) = delete;

  /// Deploys them, and waits until they have written something. Step "clients".
  void start(const fixtures::LedgerOptions& options = {});
  /// Takes up the journal of clients that run already, after what `former` has of it.
  void resume(const Timeline& former);
  /// Ends the rest in which a killed process may have left the writers.
  void go_on() { signal("USR2"); }
  /// Lets the writers rest, reads every row of these members, each when it has what the first has, and lets
  /// the writers continue. Step "verify".
  void verify(std::string_view after, const std::vector<Ordinal>& members);

 private:
  void install();
  void follow(const std::stop_token& stop);
  void on_line(const std::string& text);
  void on_end(const kube::Result<kube::ExecResult>& end);
  [[nodiscard]] std::unique_ptr<kube::ExecStream> open_journal();
  [[nodiscard]] kube::PodRef pod() const;
  void signal(const char* name);
  LedgerRows read(Ordinal member, const std::string& position);
  LedgerRows read_patiently(Ordinal member, const std::string& position);

  Stage& stage_;
  const fixtures::Passwords passwords_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool lost_ = false;
  long known_ = 0;  ///< lines of the journal that are in the recording
  std::optional<std::chrono::microseconds> clock_;
  std::jthread follower_;  // last: its thread uses the rest
};

}  // namespace stateproof::scenarios
