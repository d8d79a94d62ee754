#pragma once

#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// Who asked whom: every answer to one question from one client pod and one server makes a series.
struct Vantage {
  std::string_view client;  ///< "namespace/pod"
  std::string_view server;
  friend auto operator<=>(const Vantage&, const Vantage&) = default;
  [[nodiscard]] std::string_view ns() const { return client.substr(0, client.find('/')); }
};

/// An answer and how long it was in force: until the next different one, or until the probe last spoke.
struct Answer {
  const Observation* seen = nullptr;
  const DnsAnswer* told = nullptr;
  Elapsed from{0};
  Elapsed until{0};
};

/// Which servers were asked: those that a pod is configured with, or replicas of them, each by itself.
enum class Asked { kConfiguredServers, kReplicas };

/// The answers of the probe by question, in order of time.
class DnsSeries {
 public:
  /// `is_whole`: the recording goes on to its scenario's end, so that a probe which fell silent and was heard
  /// again has told every change.
  DnsSeries(std::span<const Observation> observations, bool is_whole,
            Asked asked = Asked::kConfiguredServers);
  DnsSeries(const DnsSeries&) = delete;
  DnsSeries& operator=(const DnsSeries&) = delete;

  [[nodiscard]] const std::vector<Vantage>& vantages() const { return vantages_; }
  /// Answers to the question; empty when it was never asked from there.
  [[nodiscard]] std::span<const Answer> answers(const Vantage& vantage, std::string_view name,
                                                std::string_view type) const;
  struct Question {
    Vantage vantage;
    std::string_view name;
    std::string_view type;
    friend bool operator==(const Question&, const Question&) = default;
  };
  /// All series, in the order in which their questions were first asked.
  [[nodiscard]] const auto& all() const { return series_; }

 private:
  struct Hash {
    std::size_t operator()(const Question& question) const;
  };
  /// What a vantage was heard of, on any question.
  struct Word {
    Elapsed last{0};
    std::vector<Elapsed> silences;  ///< since when it was silent for longer than a running probe is
  };
  struct Series {
    Question question;
    std::vector<Answer> answers;
    Word* word;
  };

  Series& series_of(const DnsAnswer& told);
  /// When the probe fell silent after it had confirmed this answer; never: the largest time there is.
  static Elapsed silent_since(const Answer& answer, const Series& series);

  std::vector<Series> series_;
  std::unordered_map<Question, std::size_t, Hash> position_;
  std::map<Vantage, Word> words_;
  std::vector<Vantage> vantages_;
};

}  // namespace stateproof::check
