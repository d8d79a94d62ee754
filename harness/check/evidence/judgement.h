#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

class Course;

/// The watches that a requirement needs, and what a hole in one means to it. Unless told otherwise nothing
/// condemns that comes after the last entry before the first hole, and a hole leaves a doubt.
struct Watches {
  Watches(std::initializer_list<std::string_view> resources) : names(resources) {}
  std::vector<std::string_view> names;  ///< resources, plural

  /// What comes after a hole condemns, too, because `why`: for whoever judges each entry by itself, or
  /// follows holes on his own.
  [[nodiscard]] Watches even_after_holes(std::string_view why) const {
    Watches other = *this;
    other.condemns_after_holes = why;
    return other;
  }
  /// A hole whose list told nothing leaves no doubt, because states are judged, and not who came and went.
  [[nodiscard]] Watches of_states() const {
    Watches other = *this;
    other.judges_states = true;
    return other;
  }
  std::string_view condemns_after_holes = {};
  bool judges_states = false;
};

/// Collects what one requirement's checker learns. A finding outweighs a doubt, and a doubt outweighs
/// whatever was judged well: an incomplete recording can prove a breach, never conformance. A recording that
/// cannot be trusted proves neither.
class Judgement {
 public:
  Judgement(const Course& course, const Watches& watches);

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
  std::optional<std::string> distrust_;
  std::string unheard_;     ///< not empty: a watch that is needed told nothing at all
  std::size_t first_hole_;  ///< index of the last entry before it: nothing that comes later condemns
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
