#include "harness/check/naming/dns_duty.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/check/evidence/patience.h"

namespace stateproof::check {

std::string_view record_type_of(std::string_view address) {
  return address.find(':') == std::string_view::npos ? "A" : "AAAA";
}

std::vector<std::string> addresses_of(const std::vector<std::string>& addresses, std::string_view type) {
  std::vector<std::string> chosen;
  for (const std::string& address : addresses)
    if (record_type_of(address) == type) chosen.push_back(address);
  return chosen;
}

std::string list(const std::vector<std::string>& addresses) {
  return addresses.empty() ? "no address" : fmt::format("{}", fmt::join(addresses, ", "));
}

std::string answer_text(const DnsAnswer& told) {
  if (told.rcode != "NOERROR") return told.rcode;
  return told.records.empty() ? list(told.addresses) : fmt::format("{}", fmt::join(told.records, ", "));
}

bool is_reply(const DnsAnswer& told) { return told.rcode != "TIMEOUT"; }
bool is_statement(const DnsAnswer& told) { return told.rcode == "NOERROR" || told.rcode == "NXDOMAIN"; }

bool is_right(const DnsAnswer& told, const std::vector<std::string>& expected) {
  return told.rcode == "NOERROR" &&
         std::is_permutation(told.addresses.begin(), told.addresses.end(), expected.begin(), expected.end());
}

RecordTypes::RecordTypes(std::span<const Observation> observations, const Subject& subject) {
  for (const Observation& seen : observations)
    if (const Service* service = seen.object<Service>();
        service != nullptr && service->meta.ref.name == subject.service)
      for (const std::string& family : service->ip_families) types_.insert(family == "IPv6" ? "AAAA" : "A");
}

std::vector<std::string_view> RecordTypes::of(const std::vector<std::string>& addresses) const {
  std::vector<std::string_view> types;
  for (const std::string& address : addresses) {
    const std::string_view type = record_type_of(address);
    const bool wanted = types_.empty() ? types.empty() : types_.contains(type);
    if (wanted && std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  return types;
}

void DnsDuty::judge(const DnsExpectation& expected) {
  for (const Vantage& vantage : series_.vantages())
    if (expected.ns.empty() || expected.ns == vantage.ns()) judge(expected, vantage);
}

void DnsDuty::judge(const DnsExpectation& expected, const Vantage& vantage) {
  const auto answers = series_.answers(vantage, expected.name, expected.type);
  if (answers.empty()) return;
  if (!expected.proof.empty()) proved_.try_emplace({expected.proof, party(vantage)}, false);
  const Elapsed deadline = expected.from + kResolutionLimit;
  auto answer = std::partition_point(answers.begin(), answers.end(),
                                     [&](const Answer& one) { return one.until < expected.from; });
  const Answer* last = nullptr;
  bool right = false;
  for (; answer != answers.end() && answer->from <= expected.until; ++answer) {
    const bool is_right = expected.is_right(*answer->told);
    // Nobody may have asked before the limit passed: then the first reply tells.
    if (!right && (answer->from <= deadline || last == nullptr || !is_reply(*last->told))) {
      last = &*answer;
      right = is_right;
    }
    if (is_right) {
      ++right_;
      if (!expected.proof.empty()) proved_[{expected.proof, party(vantage)}] = true;
    }
    // The DNS may know of the change that ends this a little before our watch.
    const Elapsed certain = expected.until - kSkew;
    if (!is_right && is_statement(*answer->told) && answer->until > deadline && answer->from < certain &&
        deadline < certain)
      return find(expected, vantage, *answer);
    if (expected.is_never_right && expected.is_never_right(*answer->told) && answer->from < certain)
      return find(expected, vantage, *answer);
  }
  if (right || expected.until < deadline) return;
  if (last != nullptr && is_reply(*last->told) && last->until >= deadline)
    return find(expected, vantage, *last);
  judgement_.doubt(fmt::format("server {} gave {} no answer for {} within {} s of {}", vantage.server,
                               vantage.client, expected.name, kResolutionLimit.count(),
                               moment(expected.from)));
}

void DnsDuty::find(const DnsExpectation& expected, const Vantage& vantage, const Answer& wrong) {
  std::vector<std::size_t> evidence{wrong.seen->index};
  if (expected.since != nullptr) evidence.push_back(expected.since->index);
  std::sort(evidence.begin(), evidence.end());
  judgement_.find(
      {expected.object,
       fmt::format("{} {} resolves to {} while {} (since {}, within {} s)", expected.name, expected.type,
                   expected.gives, expected.condition, moment(expected.from), kResolutionLimit.count()),
       fmt::format("the answer was {} from {} to {} (asked by {} of {})", answer_text(*wrong.told),
                   moment(wrong.from), moment(wrong.until), vantage.client, vantage.server),
       std::move(evidence),
       fmt::format("Service {} and its endpoints: kubectl -n {} get services,endpointslices -o yaml; the DNS "
                   "server's log",
                   subject_.service, subject_.ns)});
}

void DnsDuty::judge_coverage(const std::vector<std::string>& proofs) {
  std::set<std::string_view> asked;
  for (const auto& [whose, proved] : proved_) {
    asked.insert(whose.first);
    if (!proved) judgement_.doubt(fmt::format("{} had no correct answer {}", whose.second, whose.first));
  }
  for (const std::string& proof : proofs)
    if (!asked.contains(proof)) judgement_.doubt(fmt::format("no query was made {}", proof));
}

void DnsDuty::judge_namespaces() {
  std::set<std::string_view> namespaces;
  for (const Vantage& vantage : series_.vantages()) namespaces.insert(vantage.ns());
  if (namespaces.size() < 2)
    judgement_.doubt(fmt::format("names were queried from {}, two are needed",
                                 counted(namespaces.size(), "namespace", "namespaces")));
}

}  // namespace stateproof::check
