#include "harness/check/naming/name_resolution.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/naming/dns_duty.h"
#include "harness/check/naming/dns_series.h"

namespace stateproof::check {
namespace {

/// One question about one stretch in which a pod was Ready.
struct Case {
  const Incarnation* pod;
  const ReadyStretch* stretch;
  Vantage vantage;
  std::string_view type;
  std::string name;
  std::vector<std::string> expected;
  Elapsed from{0};
  Elapsed until{0};  ///< the pod was Ready, unchanged and left alone up to here

  [[nodiscard]] Elapsed deadline() const { return from + kResolutionLimit; }
};

class Resolution {
 public:
  Resolution(const Timeline& timeline, const Course& course, Judgement& judgement)
      : timeline_(timeline),
        subject_(timeline.subject()),
        course_(course),
        pods_(course_.judged(), subject_),
        series_(course_.judged(), course_.is_whole()),
        types_(course_.judged(), subject_),
        judgement_(judgement) {}

  void judge(const Incarnation& pod) {
    for (const ReadyStretch& stretch : pod.ready)
      for (const Vantage& vantage : series_.vantages())
        for (const std::string_view type : types_.of(stretch.addresses))
          judge(make_case(pod, stretch, vantage, type));
  }

  /// An address that no pod of the name ever had is wrong whenever it is given. Our watch may be behind the
  /// DNS, so the whole recording counts, also what comes after the answer.
  void judge_strange_addresses() {
    const auto known = known_addresses();
    const auto first = first_ready_pods();
    const Elapsed end =
        course_.is_whole() ? course_.end_time() : std::min(course_.end_time(), pods_heard_until()) - kSkew;
    for (const auto& series : series_.all()) {
      const auto pod = first.find(series.question.name);
      if (pod == first.end()) continue;
      // Before the first pod of the name is Ready the answer may stem from an earlier set.
      for (const Answer& answer : series.answers)
        if (answer.until > pod->second->first_ready()->at && answer.from <= end)
          if (judge_strange(answer, known.find(series.question.name)->second, *pod->second)) break;
    }
  }

  /// `which`: "" or what sets the judged pods apart, for the reader.
  void judge_coverage(const std::vector<Ordinal>& wanted, std::string_view which) {
    std::set<std::string_view> namespaces;
    std::set<std::string_view> clients;
    for (const Vantage& vantage : series_.vantages()) {
      namespaces.insert(vantage.ns());
      clients.insert(vantage.client);
    }
    if (namespaces.size() < 2)
      judgement_.doubt(fmt::format("names were queried from {}, two are needed",
                                   counted(namespaces.size(), "namespace", "namespaces")));
    for (const Ordinal ordinal : wanted)
      for (const std::string_view client : clients)
        if (!proved_.contains({ordinal, client}))
          judgement_.doubt(fmt::format("no correct answer for {}{} reached {} while it was Ready", which,
                                       subject_.pod_name(ordinal), client));
  }

  void measure_lags() {
    if (lags_.empty()) return;
    std::sort(lags_.begin(), lags_.end());
    const auto measure = [&](const char* which, double value) {
      judgement_.measure({fmt::format("DNS lag after replacement, {}", which), value, "s", subject_.service});
    };
    measure("median", lags_[lags_.size() / 2]);
    measure("90th percentile", lags_[lags_.size() * 9 / 10]);
    measure("largest", lags_.back());
  }

  [[nodiscard]] const Incarnations& pods() const { return pods_; }
  [[nodiscard]] std::size_t right_answers() const { return right_; }
  [[nodiscard]] std::size_t vantages() const { return series_.vantages().size(); }

 private:
  [[nodiscard]] Case make_case(const Incarnation& pod, const ReadyStretch& stretch, const Vantage& vantage,
                               std::string_view type) const {
    Case asked{&pod,
               &stretch,
               vantage,
               type,
               subject_.dns_name(pod.ordinal),
               addresses_of(stretch.addresses, type),
               stretch.from->at,
               stretch.until == nullptr ? course_.end_time() : stretch.until->at};
    // From the request on the name may go at any time, whenever the watch shows it.
    if (pod.fault != nullptr) asked.until = std::min(asked.until, pod.fault->at);
    return asked;
  }

  void judge(const Case& asked) {
    if (asked.expected.empty()) return;
    const auto answers = series_.answers(asked.vantage, asked.name, asked.type);
    // Those in force at some time of the case.
    auto answer = std::partition_point(answers.begin(), answers.end(),
                                       [&](const Answer& one) { return one.until < asked.from; });
    const Answer* last = nullptr;
    bool replied = false;
    bool right = false;
    for (; answer != answers.end() && answer->from <= asked.until; ++answer) {
      // Nobody may have asked before the limit passed: then the first reply tells.
      if (!right && (answer->from <= asked.deadline() || !replied)) {
        last = &*answer;
        replied = replied || is_reply(*answer->told);
        right = is_right(*answer->told, asked.expected);
        if (right) note_right(asked, *answer);
      }
      if (answer->until > asked.deadline() && contradicts(*answer, asked)) return report_late(asked, *answer);
    }
    if (!right && asked.until >= asked.deadline()) judge_silence(asked, last);
  }

  /// Whether the answer was wrong for certain, at a time when it had to be right. A name goes a little before
  /// our watch shows why, and the first right answer has its own limit.
  static bool contradicts(const Answer& answer, const Case& asked) {
    return is_statement(*answer.told) && !is_right(*answer.told, asked.expected) &&
           answer.from < asked.until - kSkew && asked.deadline() < asked.until - kSkew;
  }

  void note_right(const Case& asked, const Answer& answer) {
    ++right_;
    proved_.insert({asked.pod->ordinal, asked.vantage.client});
    if (asked.pod->former == nullptr || asked.stretch != &asked.pod->ready.front()) return;
    const Elapsed lag = std::max(Elapsed{0}, answer.from - asked.from);
    const double lag_seconds = std::chrono::duration<double>(lag).count();
    lags_.push_back(lag_seconds);
    judgement_.measure({"DNS lag after replacement", lag_seconds, "s",
                        fmt::format("{} from {}", asked.pod->ref.name, asked.vantage.client)});
  }

  /// The limit passed without a right answer.
  void judge_silence(const Case& asked, const Answer* last) {
    if (last == nullptr || !is_reply(*last->told) || last->until < asked.deadline())
      return judgement_.doubt(fmt::format("server {} gave {} no answer for {} within {} s of {}",
                                          asked.vantage.server, asked.vantage.client, asked.name,
                                          kResolutionLimit.count(), moment(asked.from)));
    report(asked, *last,
           fmt::format("the answer was {} from {} on, {} s after {} was Ready", answer_text(*last->told),
                       moment(last->from), kResolutionLimit.count(), asked.pod->ref.name));
  }

  void report_late(const Case& asked, const Answer& wrong) {
    report(
        asked, wrong,
        fmt::format("the answer was {} from {} to {}, though {} was Ready since {}", answer_text(*wrong.told),
                    moment(wrong.from), moment(wrong.until), asked.pod->ref.name, moment(asked.from)));
  }

  void report(const Case& asked, const Answer& wrong, const std::string& observed) {
    judgement_.find(
        {asked.pod->ref,
         fmt::format("{} {} resolves to {} within {} s of {} Ready", asked.name, asked.type,
                     list(asked.expected), kResolutionLimit.count(), asked.pod->ref.name),
         fmt::format("{} (asked by {} of {})", observed, asked.vantage.client, asked.vantage.server),
         {asked.stretch->from->index, wrong.seen->index},
         look_at()});
  }

  bool judge_strange(const Answer& answer, const std::set<std::string>& known, const Incarnation& pod) {
    const DnsAnswer& told = *answer.told;
    for (const std::string& address : told.addresses) {
      if (known.contains(address)) continue;
      judgement_.find(
          {pod.ref,
           fmt::format("{} resolves to no address other than those of {}", told.name, pod.ref.name),
           fmt::format("the answer at {} was {}; {} {} (asked by {} of {})", moment(*answer.seen),
                       list(told.addresses), address, owner_of(address), told.vantage, told.server),
           {answer.seen->index},
           look_at()});
      return true;
    }
    return false;
  }

  /// Of what the watch of pods has not delivered yet nobody knows what it was.
  [[nodiscard]] Elapsed pods_heard_until() const {
    for (auto seen = timeline_.observations.rbegin(); seen != timeline_.observations.rend(); ++seen)
      if (const Pod* pod = seen->object<Pod>(); pod != nullptr && pod->meta.ref.ns == subject_.ns)
        return seen->at;
    return Elapsed{0};
  }

  [[nodiscard]] std::string owner_of(const std::string& address) {
    if (owners_.empty())
      for (const Incarnation& pod : pods_)
        for (const std::string& own : pod.addresses) owners_.try_emplace(own, pod.ref.name);
    const auto owner = owners_.find(address);
    return owner == owners_.end() ? fmt::format("was never an address of {}'s pods", subject_.set)
                                  : "is an address of " + owner->second;
  }

  [[nodiscard]] std::string look_at() const {
    return fmt::format(
        "Service {} (clusterIP None? selector?) and its endpoints: kubectl -n {} get endpointslices -l "
        "kubernetes.io/service-name={} -o yaml; the DNS server's log",
        subject_.service, subject_.ns, subject_.service);
  }

  [[nodiscard]] std::map<std::string, std::set<std::string>, std::less<>> known_addresses() const {
    std::map<std::string, std::set<std::string>, std::less<>> known;
    const std::span<const Observation> all{timeline_.observations};
    const Incarnations later{all.subspan(course_.judged().size()), subject_};
    for (const Incarnations* pods : {&pods_, &later})
      for (const Incarnation& pod : *pods)
        known[subject_.dns_name(pod.ordinal)].insert(pod.addresses.begin(), pod.addresses.end());
    return known;
  }

  [[nodiscard]] std::map<std::string, const Incarnation*, std::less<>> first_ready_pods() const {
    std::map<std::string, const Incarnation*, std::less<>> first;
    for (const Incarnation& pod : pods_)
      if (pod.was_ready()) first.try_emplace(subject_.dns_name(pod.ordinal), &pod);
    return first;
  }

  const Timeline& timeline_;
  const Subject& subject_;
  const Course& course_;
  Incarnations pods_;
  DnsSeries series_;
  RecordTypes types_;
  Judgement& judgement_;
  std::set<std::pair<Ordinal, std::string_view>> proved_;
  std::map<std::string, std::string> owners_;
  std::vector<double> lags_;
  std::size_t right_ = 0;
};

/// The ordinals that the scenario wanted, as far as their pods became Ready or belong to the set's own size.
std::vector<Ordinal> members(const Incarnations& pods, const Subject& subject, Replicas most) {
  std::vector<Ordinal> wanted;
  for (int i = 0; i < most.value; ++i) {
    const Ordinal ordinal{subject.first.value + i};
    if (i < subject.replicas.value || pods.latest(ordinal) != nullptr) wanted.push_back(ordinal);
  }
  return wanted;
}

}  // namespace

Verdict names_resolve_to_their_pods(const Timeline& timeline) {
  const Course course{timeline};
  Judgement judgement{course, {"pods"}};
  Resolution resolution{timeline, course, judgement};
  resolution.judge_strange_addresses();
  for (const Incarnation& pod : resolution.pods()) resolution.judge(pod);
  judgement.doubt_if(course.cut_short());
  resolution.judge_coverage(members(resolution.pods(), timeline.subject(), course.most_wanted()), "");
  Verdict verdict = std::move(judgement).verdict(
      fmt::format("{} for the names of Ready pods, from {}",
                  counted(resolution.right_answers(), "right answer", "right answers"),
                  counted(resolution.vantages(), "client and server", "pairs of client and server")));
  verdict.measurements.clear();  // the lags belong to the replacements' own requirement
  return verdict;
}

Verdict names_follow_replacements(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  Judgement judgement{course, {"pods"}};
  Resolution resolution{timeline, course, judgement};
  for (const Incarnation& pod : resolution.pods())
    if (pod.former != nullptr) resolution.judge(pod);
  resolution.judge_coverage(members(resolution.pods(), subject, subject.replicas), "the replaced ");
  resolution.measure_lags();
  return std::move(judgement).verdict(
      fmt::format("{} with the new pods' addresses, from {}",
                  counted(resolution.right_answers(), "first correct answer", "first correct answers"),
                  counted(resolution.vantages(), "client and server", "pairs of client and server")));
}

Verdict governing_service_is_headless(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  Judgement judgement{course,
                      Watches{"services"}.even_after_holes("each state of the Service is judged on its own")};
  std::size_t judged = 0;
  for (const Observation& seen : course.judged()) {
    const Service* service = seen.object<Service>();
    if (service == nullptr || service->meta.ref.ns != subject.ns || service->meta.ref.name != subject.service)
      continue;
    ++judged;
    if (service->cluster_ip == "None") continue;
    judgement.find(
        {service->meta.ref,
         fmt::format("Service {} has clusterIP None", subject.service),
         fmt::format("it had the virtual address \"{}\" at {}", service->cluster_ip, moment(seen)),
         {seen.index},
         fmt::format("spec.clusterIP, which cannot be changed later: kubectl -n {} get service {} -o yaml",
                     subject.ns, subject.service)});
    break;
  }
  if (judged == 0) judgement.doubt(fmt::format("Service {} was not recorded", subject.service));
  return std::move(judgement).verdict(fmt::format("Service {} was headless throughout", subject.service));
}

}  // namespace stateproof::check
