#include "harness/report/lanes_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "harness/report/markup.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr double kTop = 44;  // steps
constexpr double kAxisHeight = 30;

// Rows of a lane, from its upper edge.
constexpr double kPodRow = 12;
constexpr double kPodHeight = 24;
constexpr double kClaimRow = 42;
constexpr double kClaimHeight = 8;
constexpr double kDnsRow = 54;
constexpr double kDnsHeight = 6;
constexpr double kQueryRow = 67;

// Of a lane, down to the last row that it has; and of the line above a group of lanes.
constexpr double kPodLane = 48;
constexpr double kClaimLane = 58;
constexpr double kDnsLane = 68;
constexpr double kQueryLane = 76;
constexpr double kLoneClaimLane = 28;
constexpr double kLoneClaimRow = 10;
constexpr double kGroupTitle = 26;
constexpr double kFlagRadius = 9.5;

constexpr double kLetter = 6.6;  // width of a character of a label, generously

std::string_view word(PodState state) {
  switch (state) {
    case PodState::kCreated:
      return "created";
    case PodState::kScheduled:
      return "scheduled";
    case PodState::kStarted:
      return "started";
    case PodState::kReady:
      return "Ready";
    case PodState::kTerminating:
      return "terminating";
  }
  return "";
}

std::string_view word(ClaimState state) {
  switch (state) {
    case ClaimState::kPending:
      return "pending";
    case ClaimState::kBound:
      return "bound";
    case ClaimState::kTerminating:
      return "terminating";
  }
  return "";
}

std::string_view word(DnsState state) {
  switch (state) {
    case DnsState::kNone:
      return "none";
    case DnsState::kRight:
      return "right";
    case DnsState::kLate:
      return "late";
  }
  return "";
}

std::string_view meaning(DnsState state) {
  switch (state) {
    case DnsState::kNone:
      return "no answer, and no pod is Ready (or cleaned up)";
    case DnsState::kRight:
      return "the address of the current pod";
    case DnsState::kLate:
      return "not the address of the current pod";
  }
  return "";
}

std::string tooltip(std::string_view text) { return text_element("title", "", text); }

std::string from_to(const Stretch& stretch) {
  return fmt::format("{} to {}", moment_text(stretch.from), moment_text(stretch.to));
}

/// Turns moments into places.
class Scale {
 public:
  explicit Scale(Elapsed end) : end_(std::max(in_seconds(end), 0.001)) {}
  [[nodiscard]] double x(Elapsed at) const {
    return kPictureLeft + in_seconds(at) / end_ * (kPictureWidth - kPictureLeft - kPictureRight);
  }
  /// What is too short to be seen is shown all the same.
  [[nodiscard]] double width(const Stretch& stretch) const {
    return std::max(x(stretch.to) - x(stretch.from), 1.5);
  }
  [[nodiscard]] double seconds() const { return end_; }

 private:
  double end_;
};

std::string bar(const Scale& scale, const Stretch& stretch, double y, double height, std::string_view css,
                std::string_view text) {
  return element("rect",
                 fmt::format(R"(x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}")",
                             scale.x(stretch.from), y, scale.width(stretch), height, css),
                 tooltip(text));
}

std::string label(double x, double y, std::string_view css, std::string_view text) {
  return text_element("text", fmt::format(R"(x="{:.1f}" y="{:.1f}" class="{}")", x, y, css), text);
}

std::string fitting_label(const Scale& scale, const Stretch& stretch, double y, std::string_view css,
                          std::string_view text) {
  if (static_cast<double>(columns(text)) * kLetter > scale.width(stretch) - 6) return {};
  return label((scale.x(stretch.from) + scale.x(stretch.to)) / 2, y, css, text);
}

std::string vertical(double x, double from, double to, std::string_view css) {
  return fmt::format(R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}" class="{3}"/>)", x, from,
                     to, css);
}

std::string pod_life(const Scale& scale, const Life<PodState>& life, double y) {
  std::string text;
  for (const Span<PodState>& span : life.spans) {
    const std::string hint = fmt::format("{} {}, {}", life.name, word(span.state), from_to(span.stretch));
    text += bar(scale, span.stretch, y, kPodHeight, fmt::format("pod {}", word(span.state)), hint);
    if (span.state == PodState::kReady)
      text += fitting_label(scale, span.stretch, y + kPodHeight / 2 + 4, "inside", "Ready");
  }
  // Where a life begins is what tells two pods of one name apart.
  return text + vertical(scale.x(life.spans.front().stretch.from), y - 3, y + kPodHeight + 3, "birth");
}

std::string claim_life(const Scale& scale, const Life<ClaimState>& life, double y) {
  std::string text;
  for (const Span<ClaimState>& span : life.spans)
    text += bar(scale, span.stretch, y, kClaimHeight, fmt::format("claim {}", word(span.state)),
                fmt::format("{} {}, {}", life.name, word(span.state), from_to(span.stretch)));
  return text;
}

std::string dns_strip(const Scale& scale, const std::vector<Span<DnsState>>& spans, double y) {
  std::string text;
  for (const Span<DnsState>& span : spans)
    text += bar(scale, span.stretch, y, kDnsHeight, fmt::format("dns {}", word(span.state)),
                fmt::format("DNS: {}, {}", meaning(span.state), from_to(span.stretch)));
  return text;
}

std::string query_dot(const Scale& scale, const Query& query, double y) {
  const bool write = query.kind == SqlOperation::Kind::kWrite;
  const bool ok = query.outcome == SqlOperation::Outcome::kOk;
  return element("circle",
                 fmt::format(R"(cx="{:.1f}" cy="{:.1f}" r="3.2" class="query {}{}")", scale.x(query.at), y,
                             write ? "write" : "read", ok ? "" : " failed"),
                 tooltip(fmt::format("{} at {}{}", write ? "write" : "read", moment_text(query.at),
                                     ok ? "" : ", without success")));
}

std::string fault_mark(const Scale& scale, const Flag& fault, double y) {
  const double x = scale.x(fault.at);
  return element("path", fmt::format(R"(d="M{:.1f} {:.1f}h10l-5 8z" class="fault")", x - 5, y - 9),
                 tooltip(fmt::format("fault: {} at {}", fault.text, moment_text(fault.at))));
}

/// The moment of a finding, and an arm to its flag where that stands beside it.
std::string breach(double x, double flag_x, double y, double height) {
  std::string text = vertical(x, y, y + height, "breach");
  if (flag_x != x)
    text += fmt::format(R"(<line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" class="breach"/>)", x,
                        flag_x, y, y);
  return text;
}

std::string flag(const Flag& finding, double x, double y) {
  const std::string mark =
      fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="flag"/>)", x, y, kFlagRadius) +
      label(x, y + 4, "flag-number", std::to_string(finding.number)) +
      tooltip(fmt::format("{}, {}", finding.text, moment_text(finding.at)));
  return element("a", fmt::format(R"(href="#finding-{0}" aria-label="finding {0}")", finding.number), mark);
}

/// Lanes of one workload are equally high, but a claim that several pods share needs one row only.
bool is_lone_claim(const Lane& lane) { return lane.pods.empty() && !lane.claims.empty(); }

double lane_height(const std::vector<Lane>& lanes) {
  double height = kPodLane;
  for (const Lane& lane : lanes) {
    if (!lane.queries.empty()) return kQueryLane;
    if (!lane.dns.empty()) height = std::max(height, kDnsLane);
    if (!lane.claims.empty() && !is_lone_claim(lane)) height = std::max(height, kClaimLane);
  }
  return height;
}

/// A name that is wider than its column stands in two lines, broken at its last hyphen: what tells it from
/// its siblings in the second.
std::string lane_name(const std::string& name, double y) {
  const double middle = y + kPodRow + kPodHeight / 2 + 4;
  const std::size_t hyphen = name.rfind('-');
  if (static_cast<double>(columns(name)) * kLetter < kPictureLeft - 8 || hyphen == std::string::npos)
    return label(8, middle, "lane-name", name);
  return label(8, middle - 8, "lane-stem", name.substr(0, hyphen + 1)) +
         label(8, middle + 7, "lane-name", name.substr(hyphen + 1));
}

/// Findings of one row; no flag covers the number of another.
std::string finding_marks(const Scale& scale, std::vector<Flag> findings, double y, double height) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Flag& one, const Flag& other) { return one.at < other.at; });
  std::vector<double> places;
  double free_from = 0;
  for (const Flag& finding : findings) {
    places.push_back(std::max(scale.x(finding.at), free_from));
    free_from = places.back() + 2 * kFlagRadius + 2;
  }
  // What would be pushed out at the right goes back to the left.
  double free_to = kPictureWidth - kFlagRadius;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    *place = std::min(*place, free_to);
    free_to = *place - 2 * kFlagRadius - 2;
  }
  std::string lines;
  std::string flags;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    lines += breach(scale.x(findings[i].at), places[i], y, height);
    flags += flag(findings[i], places[i], y);
  }
  return lines + flags;
}

std::string row_names(const Lane& lane, double y) {
  const auto row_name = [y](bool is_there, double row, std::string_view name) {
    return is_there ? label(kPictureLeft - 8, y + row, "row-name", name) : std::string{};
  };
  return lane_name(lane.name, y) + row_name(!lane.claims.empty(), kClaimRow + 8, "claim") +
         row_name(!lane.dns.empty(), kDnsRow + 7, "DNS") +
         row_name(!lane.queries.empty(), kQueryRow + 4, "SQL");
}

std::string edge(double y) {
  return fmt::format(R"(<line x1="0" x2="{}" y1="{:.1f}" y2="{:.1f}" class="edge"/>)", kPictureWidth, y, y);
}

std::string lone_claim_text(const Scale& scale, const Lane& lane, double y) {
  std::string text =
      edge(y) + label(kPictureLeft - 8, y + kLoneClaimRow + 8, "row-name", "claim " + lane.name);
  for (const auto& life : lane.claims) text += claim_life(scale, life, y + kLoneClaimRow);
  return text;
}

std::string lane_text(const Scale& scale, const Lane& lane, double y) {
  if (is_lone_claim(lane)) return lone_claim_text(scale, lane, y);
  std::string text = edge(y) + row_names(lane, y);
  for (const auto& life : lane.pods) text += pod_life(scale, life, y + kPodRow);
  for (const auto& life : lane.claims) text += claim_life(scale, life, y + kClaimRow);
  text += dns_strip(scale, lane.dns, y + kDnsRow);
  for (const Query& query : lane.queries) text += query_dot(scale, query, y + kQueryRow);
  for (const Flag& fault : lane.faults) text += fault_mark(scale, fault, y + kPodRow);
  return text;
}

/// Findings are drawn after all lanes, so that nothing covers them.
std::string lane_findings(const Scale& scale, const Lane& lane, double y, double height) {
  return finding_marks(scale, lane.findings, y + kPodRow - 1, height - 22);
}

/// Where each lane of a picture stands.
struct Placed {
  const Lane* lane;
  double top;
  double height;
};

struct Group {
  std::string title;  ///< empty: the only one
  double top = 0;
  std::vector<Placed> lanes;
};

/// Stacked one above the other on the same axis of time.
std::vector<Group> groups_of(const Lanes& lanes) {
  std::vector<Group> groups;
  double y = kTop;
  const auto add = [&](const std::string& title, const std::vector<Lane>& members) {
    Group group{title, y, {}};
    if (!title.empty()) y += kGroupTitle;
    const double height = lane_height(members);
    for (const Lane& lane : members) {
      group.lanes.push_back({&lane, y, is_lone_claim(lane) ? kLoneClaimLane : height});
      y += group.lanes.back().height;
    }
    groups.push_back(std::move(group));
  };
  if (lanes.loose.empty()) {
    add({}, lanes.lanes);
  } else {
    add("StatefulSet " + lanes.set, lanes.lanes);
    add("Deployment " + lanes.deployment, lanes.loose);
  }
  return groups;
}

double bottom_of(const std::vector<Group>& groups) {
  const Group& last = groups.back();
  return last.lanes.empty() ? kTop : last.lanes.back().top + last.lanes.back().height;
}

std::string step_label(const StepBand& step, std::size_t number, double width) {
  const auto fits = [width](std::string_view text) {
    return static_cast<double>(columns(text)) * kLetter < width - 6;
  };
  for (const std::string& text : {fmt::format("{} {} {}", number, step.name, step.text),
                                  fmt::format("{} {}", number, step.name), std::to_string(number)})
    if (fits(text)) return text;
  return {};
}

std::string_view css_of(Step::Phase outcome) {
  switch (outcome) {
    case Step::Phase::kReached:
      return "step";
    case Step::Phase::kBegin:
      return "step unfinished";
    case Step::Phase::kTimedOut:
    case Step::Phase::kFailed:
      break;
  }
  return "step failed";
}

std::string step_band(const Scale& scale, const StepBand& step, std::size_t number, double bottom) {
  const std::string_view css = css_of(step.outcome);
  const double x = scale.x(step.stretch.from);
  const double width = scale.width(step.stretch);
  std::string text = bar(scale, step.stretch, 8, 22, css,
                         fmt::format("step {}: {} {}, {}, {}", number, step.name, step.text,
                                     outcome_text(step.outcome), from_to(step.stretch)));
  if (const std::string name = step_label(step, number, width); !name.empty())
    text += label(x + width / 2, 23, "step-name", name);
  return text + vertical(x, 30, bottom, "step-edge");
}

double tick_distance(double seconds) {
  for (const double distance :
       {0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0})
    if (seconds / distance <= 12) return distance;
  return seconds / 12;
}

std::string tick_name(double seconds) {
  if (seconds < 120) return fmt::format("{:g}s", seconds);
  return std::fmod(seconds, 60) == 0 ? fmt::format("{:g}m", seconds / 60) : duration_text(seconds);
}

std::string axis(const Scale& scale, double y) {
  std::string text;
  const double distance = tick_distance(scale.seconds());
  for (int i = 0; i * distance <= scale.seconds(); ++i) {
    const double seconds = i * distance;
    const double x = scale.x(std::chrono::duration_cast<Elapsed>(std::chrono::duration<double>(seconds)));
    text += vertical(x, y, y + 5, "tick") + label(x, y + 19, "tick-name", tick_name(seconds));
  }
  return text;
}

std::string gap_mark(const Scale& scale, const Span<std::string>& gap, double bottom) {
  return element("g", "",
                 vertical(scale.x(gap.stretch.from), 30, bottom, "gap") + tooltip("gap: " + gap.state));
}

std::optional<Elapsed> first(const Life<PodState>& life, PodState state) {
  const auto span = std::find_if(life.spans.begin(), life.spans.end(),
                                 [state](const auto& one) { return one.state == state; });
  return span == life.spans.end() ? std::nullopt : std::optional{span->stretch.from};
}

std::string moment_cell(std::optional<Elapsed> at) {
  return text_element("td", "class=\"number\"", at ? moment_text(*at) : "–");
}

/// Of the claim that the pod found or waited for.
std::optional<Elapsed> bound(const std::vector<Life<ClaimState>>& claims, const Life<PodState>& pod) {
  std::optional<Elapsed> at;
  for (const Life<ClaimState>& claim : claims)
    for (const Span<ClaimState>& span : claim.spans)
      if (span.state == ClaimState::kBound && span.stretch.from <= pod.spans.back().stretch.to) {
        at = span.stretch.from;
        break;
      }
  return at;
}

std::string life_row(const Lane& lane, const Life<PodState>& life, Elapsed end) {
  const Elapsed last = life.spans.back().stretch.to;
  return element(
      "tr", "",
      text_element("th", "scope=\"row\"", life.name) + moment_cell(life.spans.front().stretch.from) +
          moment_cell(first(life, PodState::kScheduled)) + moment_cell(bound(lane.claims, life)) +
          moment_cell(first(life, PodState::kStarted)) + moment_cell(first(life, PodState::kReady)) +
          moment_cell(first(life, PodState::kTerminating)) +
          moment_cell(last < end ? std::optional{last} : std::nullopt));
}

}  // namespace

std::string lanes_svg(const Lanes& lanes) {
  const Scale scale(lanes.end);
  const std::vector<Group> groups = groups_of(lanes);
  const double bottom = bottom_of(groups);
  std::string text = label(8, 23, "row-title", "steps");
  for (std::size_t i = 0; i < lanes.steps.size(); ++i)
    text += step_band(scale, lanes.steps[i], i + 1, bottom);
  for (const Group& group : groups) {
    if (!group.title.empty()) text += edge(group.top) + label(8, group.top + 18, "group-title", group.title);
    for (const Placed& one : group.lanes) text += lane_text(scale, *one.lane, one.top);
  }
  for (const auto& gap : lanes.gaps) text += gap_mark(scale, gap, bottom);
  for (const Flag& fault : lanes.faults) text += fault_mark(scale, fault, kTop);
  text += edge(bottom) + axis(scale, bottom);
  // Their lines cross all lanes, under the flags of these.
  text += finding_marks(scale, lanes.findings, kTop - 8, bottom - kTop + 8);
  for (const Group& group : groups)
    for (const Placed& one : group.lanes) text += lane_findings(scale, *one.lane, one.top, one.height);
  return element(
      "svg",
      fmt::format(R"(viewBox="0 0 {} {}" role="group" aria-label="Life of each pod, claim and name over {}")",
                  kPictureWidth, bottom + kAxisHeight, duration_text(scale.seconds())),
      text);
}

std::string lives_table(const Lanes& lanes) {
  std::string rows;
  for (const auto* members : {&lanes.lanes, &lanes.loose})
    for (const Lane& lane : *members)
      for (const Life<PodState>& life : lane.pods) rows += life_row(lane, life, lanes.end);
  std::string head;
  for (const char* name :
       {"pod", "created", "scheduled", "volume bound", "started", "Ready", "terminating", "gone"})
    head += text_element("th", head.empty() ? "scope=\"col\"" : "scope=\"col\" class=\"number\"", name);
  return element("table", "", element("thead", "", element("tr", "", head)) + element("tbody", "", rows));
}

std::string lanes_legend() {
  std::string text;
  const auto add = [&text](std::string_view css, std::string_view name) {
    text += element(
        "li", "",
        fmt::format(
            R"(<svg viewBox="0 0 22 12" aria-hidden="true"><rect width="22" height="12" rx="2" class="{}"/></svg>)",
            css) +
            escaped(name));
  };
  for (const PodState state : {PodState::kCreated, PodState::kScheduled, PodState::kStarted, PodState::kReady,
                               PodState::kTerminating})
    add(fmt::format("pod {}", word(state)), word(state));
  add("claim pending", "claim pending");
  add("claim bound", "claim bound");
  add("dns right", "DNS right");
  add("dns late", "DNS not (yet) correct");
  text +=
      R"(<li><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M1 2h10l-5 8z" class="fault"/></svg>fault</li>)";
  text +=
      R"(<li><svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="4" class="query write"/></svg>write</li>)";
  text +=
      R"(<li><svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="4" class="query read"/></svg>read</li>)";
  text +=
      R"(<li><svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="6" class="flag"/></svg>finding</li>)";
  return element("ul", "class=\"legend\"", text);
}

}  // namespace stateproof::report
