#pragma once

#include <string>

#include "fixtures/mariadb/mariadb.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Client of each member's own database: every operation goes into the recording with its outcome.
class Members {
 public:
  Members(Stage& stage, fixtures::Passwords passwords) : stage_(stage), passwords_(std::move(passwords)) {}

  /// Writes rows with keys of their own in one transaction.
  void write_rows(Ordinal ordinal);
  /// Reads every row that is there.
  void read_rows(Ordinal ordinal);
  /// Looks into the mount table of the running container.
  void look_at_mount(Ordinal ordinal);

 private:
  Stage& stage_;
  fixtures::Passwords passwords_;
  int batch_ = 0;
};

}  // namespace stateproof::scenarios
