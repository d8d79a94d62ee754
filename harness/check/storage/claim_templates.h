#pragma once

#include "harness/model/promise.h"
#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// Judges a set once for each of its claim templates, as if it had no other; the worst verdict decides.
/// The path of a template is where the subject's container mounts the volume of its name.
Verdict for_each_claim_template(const Timeline& timeline, Checker checker);

/// The same as a checker.
template <Checker checker>
Verdict of_each_claim_template(const Timeline& timeline) {
  return for_each_claim_template(timeline, checker);
}

/// STO-01, of a set with several claim templates: inconclusive where it has only one.
Verdict each_template_gives_a_claim(const Timeline& timeline);

}  // namespace stateproof::check
