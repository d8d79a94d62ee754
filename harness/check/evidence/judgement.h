#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// Collects what one requirement's checker learns. A finding outweighs a doubt, and a doubt outweighs
/// whatever was judged well: an incomplete recording can prove a breach, never conformance.
class Judgement {
 public:
  void find(Finding finding);
  void doubt(std::string why);
  void doubt_if(const std::optional<std::string>& why);
  void measure(Measurement measurement) { measurements_.push_back(std::move(measurement)); }

  /// Further findings are counted, not told: no need to gather their details.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool in_doubt() const { return !doubts_.empty(); }
  /// `judged` says what a conformant verdict rests on: "5 creations after Ready predecessors".
  [[nodiscard]] Verdict verdict(std::string judged) &&;

 private:
  std::vector<Finding> findings_;
  std::vector<std::string> doubts_;
  std::vector<Measurement> measurements_;
  std::size_t left_out_ = 0;
};

/// "+02.000s", as a report shows it.
std::string moment(Elapsed at);
inline std::string moment(const Observation& seen) { return moment(seen.at); }
/// "12.3 s"
std::string seconds(Elapsed length);
double in_seconds(Elapsed length);
/// "1 pod", "5 pods"
std::string counted(std::size_t count, const std::string& one, const std::string& many);

}  // namespace stateproof::check
