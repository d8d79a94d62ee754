#include "harness/check/dns_series.h"

#include <algorithm>

namespace stateproof::check {
namespace {

bool same(const DnsAnswer& a, const DnsAnswer& b) { return a.rcode == b.rcode && a.addresses == b.addresses; }

}  // namespace

DnsSeries::DnsSeries(std::span<const Observation> observations) {
  std::map<Vantage, Elapsed> last_word;
  for (const Observation& seen : observations) {
    const auto* told = seen.as<DnsAnswer>();
    if (told == nullptr) continue;
    const Vantage vantage{told->vantage, told->server};
    vantages_.insert(vantage);
    last_word[vantage] = seen.at;
    auto& answers = series_[{vantage, told->name, told->type}];
    if (!answers.empty()) {
      answers.back().until = std::max(answers.back().until, seen.at);
      if (same(*answers.back().told, *told)) continue;
    }
    answers.push_back({&seen, told, seen.at, seen.at});
  }
  // A probe asks all its questions in turn: as long as it reports on one, the others are unchanged.
  for (auto& [question, answers] : series_)
    answers.back().until = std::max(answers.back().until, last_word[question.vantage]);
}

std::span<const Answer> DnsSeries::answers(const Vantage& vantage, std::string_view name,
                                           std::string_view type) const {
  const auto found = series_.find({vantage, name, type});
  return found == series_.end() ? std::span<const Answer>{} : std::span<const Answer>{found->second};
}

}  // namespace stateproof::check
