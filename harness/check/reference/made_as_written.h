#pragma once

#include <string>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// The pod that a set's controller makes of the set as served, for this ordinal and revision: metadata and
/// spec, without what the API server adds.
nlohmann::json written_pod(const nlohmann::json& set, Ordinal ordinal, const std::string& revision);

/// The claim that it makes of one of the set's claim templates.
nlohmann::json written_claim(const nlohmann::json& set, const nlohmann::json& claim_template,
                             Ordinal ordinal);

/// MOD-01: each pod that a set's controller creates is, field by field, what the template of its revision
/// says. What defaulting and admission may add stands on a list; where webhooks change pods, a difference is
/// a doubt.
Verdict pods_as_written(const Timeline& timeline);

/// MOD-02: the same of claims and their templates.
Verdict claims_as_written(const Timeline& timeline);

/// MOD-07: each ControllerRevision that a set's controller creates holds the template of one of the set's
/// generations, with its labels, and belongs to the set. Not applicable where revisions were not recorded.
Verdict revisions_as_written(const Timeline& timeline);

}  // namespace stateproof::check
