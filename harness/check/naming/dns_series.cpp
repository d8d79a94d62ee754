#include "harness/check/naming/dns_series.h"

#include <functional>

namespace stateproof::check {
namespace {

bool same(const DnsAnswer& a, const DnsAnswer& b) {
  return a.rcode == b.rcode && a.addresses == b.addresses && a.records == b.records;
}

}  // namespace

std::size_t DnsSeries::Hash::operator()(const Question& question) const {
  constexpr std::size_t prime = 1099511628211U;
  std::size_t hash = 0;
  for (const std::string_view part :
       {question.vantage.client, question.vantage.server, question.name, question.type})
    hash = (hash ^ std::hash<std::string_view>{}(part)) * prime;
  return hash;
}

DnsSeries::Series& DnsSeries::series_of(const DnsAnswer& told) {
  const Question question{{told.vantage, told.server}, told.name, told.type};
  const auto [known, is_new] = position_.try_emplace(question, series_.size());
  if (is_new) {
    const auto [word, is_first] = last_words_.try_emplace(question.vantage);
    if (is_first) vantages_.push_back(question.vantage);
    series_.push_back({question, {}, &word->second});
  }
  return series_[known->second];
}

DnsSeries::DnsSeries(std::span<const Observation> observations, Asked asked) {
  for (const Observation& seen : observations) {
    const auto* told = seen.as<DnsAnswer>();
    if (told == nullptr || told->replica != (asked == Asked::kReplicas)) continue;
    Series& series = series_of(*told);
    *series.last_word = seen.at;
    if (!series.answers.empty()) {
      series.answers.back().until = seen.at;
      if (same(*series.answers.back().told, *told)) continue;
    }
    series.answers.push_back({&seen, told, seen.at, seen.at});
  }
  // A probe asks all its questions in turn: as long as it reports on one, the others are unchanged.
  for (Series& series : series_) series.answers.back().until = *series.last_word;
}

std::span<const Answer> DnsSeries::answers(const Vantage& vantage, std::string_view name,
                                           std::string_view type) const {
  const auto found = position_.find({vantage, name, type});
  return found == position_.end() ? std::span<const Answer>{}
                                  : std::span<const Answer>{series_[found->second].answers};
}

}  // namespace stateproof::check
