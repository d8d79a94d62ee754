#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/naming/dns_series.h"
#include "harness/model/timeline.h"

namespace stateproof::check {

/// How long after a change a name may still give an old answer or none: the usual TTL of cluster records and
/// of negative answers is at most 30 s, and the change must travel from the kubelet over the EndpointSlice to
/// the DNS server first, which takes seconds on a busy cluster.
inline constexpr std::chrono::seconds kResolutionLimit{60};

/// "A" or "AAAA"
std::string_view record_type_of(std::string_view address);
/// Those that records of this type hold.
std::vector<std::string> addresses_of(const std::vector<std::string>& addresses, std::string_view type);
/// "10.0.0.1, 10.0.0.2", "no address"
std::string list(const std::vector<std::string>& addresses);
/// What the answer says, for people.
std::string answer_text(const DnsAnswer& told);

/// A server that did not reply has said nothing; one that failed has said nothing about the name.
bool is_reply(const DnsAnswer& told);
bool is_statement(const DnsAnswer& told);
/// Whether these and no other addresses were told.
bool is_right(const DnsAnswer& told, const std::vector<std::string>& expected);

/// Record types that a pod with these addresses must have: those of the governing Service's families, and
/// without a recorded Service that of the pod's first address. A dual-stack pod has both only in a dual-stack
/// Service.
class RecordTypes {
 public:
  RecordTypes(std::span<const Observation> observations, const Subject& subject);
  [[nodiscard]] std::vector<std::string_view> of(const std::vector<std::string>& addresses) const;

 private:
  std::set<std::string_view> types_;
};

/// What the DNS owes to one question from `from` to `until`, while nothing changed that it depends on.
struct DnsExpectation {
  std::string name;
  std::string type;
  std::string ns;  ///< only for clients in this namespace; empty: for all
  ObjectRef object;
  std::string gives;      ///< "10.0.0.1, 10.0.0.2", for people
  std::string condition;  ///< "sleeper-0 and sleeper-1 are Ready"
  std::string proof;  ///< what a correct answer proves to the client; empty: nothing that has to be proved
  const Observation* since = nullptr;  ///< the entry that shows the change
  Elapsed from{0};
  Elapsed until{0};
  std::function<bool(const DnsAnswer&)> is_right;
  /// Answers that are no old ones, and so wrong at once; empty: there are none.
  std::function<bool(const DnsAnswer&)> is_never_right = {};
};

/// Judges answers by what they had to be. Old answers are right for kResolutionLimit after a change; wrong is
/// only what still stands then, or comes later.
class DnsDuty {
 public:
  DnsDuty(const Course& course, Asked asked, const Subject& subject, Judgement& judgement)
      : series_(course.judged(), course.is_whole(), asked),
        asked_(asked),
        subject_(subject),
        judgement_(judgement) {}

  void judge(const DnsExpectation& expected);
  /// Doubts what was not proved to everybody who asked, and every one of `proofs` that nobody asked for.
  void judge_coverage(const std::vector<std::string>& proofs);
  /// Doubts when clients of one namespace only asked.
  void judge_namespaces();

  [[nodiscard]] const DnsSeries& series() const { return series_; }
  [[nodiscard]] std::size_t right_answers() const { return right_; }

 private:
  void judge(const DnsExpectation& expected, const Vantage& vantage);
  void find(const DnsExpectation& expected, const Vantage& vantage, const Answer& wrong);
  /// Who has to be convinced: a client, or a replica that was asked by itself.
  [[nodiscard]] std::string_view party(const Vantage& vantage) const {
    return asked_ == Asked::kReplicas ? vantage.server : vantage.client;
  }

  DnsSeries series_;
  Asked asked_;
  const Subject& subject_;
  Judgement& judgement_;
  std::map<std::pair<std::string, std::string_view>, bool> proved_;  ///< by proof and party
  std::size_t right_ = 0;
};

}  // namespace stateproof::check
