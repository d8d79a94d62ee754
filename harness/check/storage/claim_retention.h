#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// RET-02: scaling down leaves every claim and its volume as they were.
Verdict claims_outlive_scale_down(const Timeline& timeline);

/// SCL-01: scaling up again gives an ordinal its old claim, its old volume and its old rows.
Verdict scale_up_finds_old_storage(const Timeline& timeline);

}  // namespace stateproof::check
