#include "harness/check/naming/dns_series.h"

#include <algorithm>
#include <chrono>
#include <functional>

namespace stateproof::check {
namespace {

/// A probe reports about each second, whatever it was told. Longer than this it was not running, or its
/// reports did not arrive.
constexpr std::chrono::seconds kLongestSilence{10};

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
    const auto [word, is_first] = words_.try_emplace(question.vantage);
    if (is_first) vantages_.push_back(question.vantage);
    series_.push_back({question, {}, &word->second});
  }
  return series_[known->second];
}

DnsSeries::DnsSeries(std::span<const Observation> observations, bool is_whole, Asked asked) {
  for (const Observation& seen : observations) {
    const auto* told = seen.as<DnsAnswer>();
    if (told == nullptr || told->replica != (asked == Asked::kReplicas)) continue;
    Series& series = series_of(*told);
    Word& word = *series.word;
    if (seen.at - word.last > kLongestSilence) word.silences.push_back(word.last);
    word.last = seen.at;
    if (!series.answers.empty()) {
      Answer& former = series.answers.back();
      if (same(*former.told, *told)) {
        former.until = seen.at;
        continue;
      }
      // A probe that fell silent may have been told something else meanwhile.
      former.until = std::max(former.from, std::min(seen.at, silent_since(former, series)));
    }
    series.answers.push_back({&seen, told, seen.at, seen.at});
  }
  // A probe asks all its questions in turn: as long as it reports on one, the others are unchanged. One that
  // was heard again after a silence tells them anew, if it is given the time.
  for (Series& series : series_) {
    Answer& last = series.answers.back();
    last.until = std::max(
        last.from, is_whole ? series.word->last : std::min(series.word->last, silent_since(last, series)));
  }
}

Elapsed DnsSeries::silent_since(const Answer& answer, const Series& series) {
  const auto& silences = series.word->silences;
  const auto silence = std::lower_bound(silences.begin(), silences.end(), answer.until);
  return silence == silences.end() ? Elapsed::max() : *silence;
}

std::span<const Answer> DnsSeries::answers(const Vantage& vantage, std::string_view name,
                                           std::string_view type) const {
  const auto found = position_.find({vantage, name, type});
  return found == position_.end() ? std::span<const Answer>{}
                                  : std::span<const Answer>{series_[found->second].answers};
}

}  // namespace stateproof::check
