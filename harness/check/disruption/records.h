#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

// Records that were written to somebody's own workload and read back, on steps "verify".

/// REC-01: what was acknowledged is read, from every member or from the one that it was written to.
Verdict acknowledged_records_are_read(const Timeline& timeline);
/// REC-02: nothing is read that was never written, nor anything else than was written.
Verdict only_written_records_are_read(const Timeline& timeline);
/// REC-03: no record is read twice.
Verdict records_are_read_once(const Timeline& timeline);
/// REC-04, on steps "recover": a write is acknowledged in time although all pods are Ready. Measures how long
/// none was.
Verdict writes_go_on(const Timeline& timeline);

}  // namespace stateproof::check
