#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/diagnosis/diagnose.h"

namespace stateproof::diagnosis {

/// For people: cause, where it can be seen and since when, what to do, what not to do.
std::string text_of(const Diagnosis& diagnosis, Timestamp taken);

/// One entry of `statefulSets` in docs/doctor.schema.json.
nlohmann::json json_of(const Diagnosis& diagnosis);

/// A text for Prometheus (or a node exporter's textfile collector): gauges for each set and each finding.
std::string prometheus_of(const std::vector<Diagnosis>& diagnoses);

/// A SARIF 2.1.0 log, as code scanning reads it: a result for each finding and note.
nlohmann::json sarif_of(const std::vector<Diagnosis>& diagnoses);

}  // namespace stateproof::diagnosis
