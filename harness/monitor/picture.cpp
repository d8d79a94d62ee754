#include "harness/monitor/picture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/monitor/statement.h"
#include "harness/monitor/table.h"
#include "harness/report/text.h"

namespace stateproof::monitor {
namespace {

constexpr std::size_t kFewestEvents = 4;  // lines, the heading among them
constexpr std::size_t kFewestRows = 3;    // of a table that is cut: heading, one row, the count of the others

/// "12:03:11Z"
std::string clock_text(Timestamp at) { return format_rfc3339(at).substr(11, 8) + "Z"; }

Tone tone_of_counts(const StatefulSet& set) {
  if (is_ready(set)) return Tone::kGood;
  return set.ready_pods < set.replicas ? Tone::kBad : Tone::kAttention;
}

std::string counts_text(const StatefulSet& set) {
  return fmt::format("{} wanted, {} created, {} Ready, {} available, {} at the update revision",
                     set.replicas.value, set.current_pods.value, set.ready_pods.value,
                     set.available_pods.value, set.updated_pods.value);
}

std::string spec_text(const StatefulSet& set) {
  const std::string& name = set.meta.ref.name;
  std::string text =
      "revision " +
      (set.current_revision.empty() ? "not created yet" : short_revision(set.current_revision, name));
  if (set.update_revision != set.current_revision) text += " -> " + short_revision(set.update_revision, name);
  text += ", " + set.update_strategy;
  if (set.partition > 0) text += fmt::format(" from partition {}", set.partition);
  text += ", " + set.pod_management;
  if (set.first.value > 0) text += fmt::format(", ordinals from {}", set.first.value);
  if (set.min_ready_seconds > 0) text += fmt::format(", minReadySeconds {}", set.min_ready_seconds);
  if (set.when_scaled != "Retain" || set.when_deleted != "Retain")
    text += fmt::format(", claims: {} when scaled, {} when deleted", set.when_scaled, set.when_deleted);
  return tamed(text);
}

std::vector<Line> head(const Scene& scene, std::size_t columns) {
  const std::string title = fmt::format("StatefulSet {}/{}", scene.target.ns, scene.target.set);
  const std::string clock = clock_text(scene.now);
  const std::size_t used = report::columns(title) + clock.size();
  std::vector<Line> lines{
      {{title, Tone::kHeading},
       {std::string(columns > used + 1 ? columns - used : 1, ' ') + clock, Tone::kFaint}}};
  if (scene.silence)
    lines.push_back({{fmt::format("no answer since {}: {}", clock_text(scene.silence->since),
                                  tamed(scene.silence->cause)),
                      Tone::kBad}});
  if (!scene.set) {
    lines.push_back({{scene.whole ? "The StatefulSet does not exist." : "reading ...", Tone::kAttention}});
  } else {
    const StatefulSet& set = *scene.set;
    lines.push_back({{counts_text(set), tone_of_counts(set)}});
    lines.push_back({{spec_text(set)}});
    if (set.meta.deletion) lines.push_back({{"being deleted", Tone::kBad}});
    if (set.observed_generation < set.meta.generation)
      lines.push_back({{fmt::format("generation {}, observed by the controller: {}", set.meta.generation,
                                    set.observed_generation),
                        Tone::kAttention}});
  }
  for (const std::string& sentence : scene.left_out)
    lines.push_back({{"not shown: " + tamed(sentence), Tone::kFaint}});
  return lines;
}

Tone tone_of(const Pod& pod) {
  if (pod.terminating()) return Tone::kAttention;
  if (pod.ready) return Tone::kGood;
  return pod.phase == "Failed" ? Tone::kBad : Tone::kAttention;
}

bool is_old(const Pod& pod, const Scene& scene) {
  return scene.set && scene.set->current_revision != scene.set->update_revision &&
         pod.revision() != scene.set->update_revision;
}

Details details_in(const Scene& scene, const ObjectMeta& meta) {
  const auto found = scene.details.find(meta.ref.uid.value);
  return found == scene.details.end() ? Details{} : found->second;
}

Row row_of(const Pod& pod, const Scene& scene) {
  const Tone tone = tone_of(pod);
  const int restarted = restarts(pod);
  const std::string more = remark(pod, scene.target);
  const std::string revision = short_revision(pod.revision(), scene.target.set);
  return {{{tamed(pod.meta.ref.name)},
           {tamed(state_of(pod)), tone},
           {details_in(scene, pod.meta).ready_containers, tone},
           {std::to_string(restarted), restarted > 0 ? Tone::kAttention : Tone::kPlain},
           {tamed(revision) + (is_old(pod, scene) ? " (old)" : ""),
            is_old(pod, scene) ? Tone::kAttention : Tone::kPlain},
           {age_text(pod.meta.created, scene.now)},
           {tamed(pod.node)},
           {more, Tone::kAttention}},
          tone != Tone::kGood || !more.empty()};
}

/// Wanted pods that are not there, each a row: as many as a screen could hold.
void add_missing(std::map<int, Row>& rows, const Scene& scene) {
  constexpr int kMost = 500;
  if (!scene.set || scene.set->meta.deletion) return;
  const int first = scene.set->first.value;
  for (int i = 0; i < std::min(scene.set->replicas.value, kMost); ++i) {
    const std::string name = fmt::format("{}-{}", scene.target.set, first + i);
    rows.try_emplace(first + i,
                     Row{{{name}, {"missing", Tone::kBad}, {"-"}, {"-"}, {"-"}, {"-"}, {}, {}}, true});
  }
}

Table pods_table(const Scene& scene) {
  Table table({"POD", "STATUS", "READY", "RESTARTS", "REVISION", "AGE", "NODE", ""});
  std::map<int, Row> rows;
  std::vector<Row> others;
  for (const Pod& pod : scene.pods) {
    const auto ordinal = ordinal_of(pod.meta.ref.name, scene.target.set);
    if (!ordinal || !rows.try_emplace(ordinal->value, row_of(pod, scene)).second)
      others.push_back(row_of(pod, scene));
  }
  add_missing(rows, scene);
  for (auto& [ordinal, row] : rows) table.add(std::move(row));
  for (Row& row : others) table.add(std::move(row));
  return table;
}

Row row_of(const Claim& claim, const Scene& scene) {
  const std::string state = state_of(claim);
  const Tone tone = state == "Bound" ? Tone::kGood : state == "Lost" ? Tone::kBad : Tone::kAttention;
  std::vector<std::string> more;
  const auto volume = scene.volumes.find(claim.volume);
  if (volume != scene.volumes.end()) {
    if (volume->second.phase != "Bound") more.push_back("volume is " + volume->second.phase);
    if (volume->second.claim.uid != claim.meta.ref.uid) more.emplace_back("volume belongs to another claim");
  }
  const bool notable = tone != Tone::kGood || !more.empty();
  const auto ordinal = scene.set ? claim_ordinal(claim.meta.ref.name, *scene.set) : std::nullopt;
  if (ordinal && !scene.set->wants(*ordinal)) more.emplace_back("kept, no pod wanted");
  return {{{tamed(claim.meta.ref.name)},
           {tamed(state), tone},
           {tamed(details_in(scene, claim.meta).capacity)},
           {tamed(claim.volume)},
           {tamed(claim.storage_class)},
           {tamed(fmt::format("{}", fmt::join(more, ", "))), notable ? Tone::kAttention : Tone::kFaint}},
          notable};
}

Table claims_table(const Scene& scene) {
  Table table({"CLAIM", "STATUS", "CAPACITY", "VOLUME", "CLASS", ""});
  std::set<std::string> known;
  for (const Claim& claim : scene.claims) {
    known.insert(claim.meta.ref.name);
    table.add(row_of(claim, scene));
  }
  for (const Pod& pod : scene.pods)
    for (const auto& [volume, claim] : pod.volume_claims)
      if (known.insert(claim).second)
        table.add({{{tamed(claim)}, {"missing", Tone::kBad}, {"-"}, {"-"}, {"-"}, {}}, true});
  return table;
}

std::string service_text(const Scene& scene) {
  const std::string& name = scene.set->service_name;
  if (!scene.service) return fmt::format("Service {} does not exist", name);
  return fmt::format("Service {}, {}", name, statement(*scene.service));
}

Table endpoints_table(const Scene& scene) {
  Table table({"ENDPOINT", "STATE", "HOST NAME", "POD", tamed(service_text(scene))});
  for (const Endpoint& endpoint : scene.endpoints) {
    const Tone tone = endpoint.ready && !endpoint.terminating ? Tone::kGood : Tone::kAttention;
    table.add({{{tamed(fmt::format("{}", fmt::join(endpoint.addresses, " ")))},
                {state_of(endpoint), tone},
                {tamed(endpoint.hostname.empty() ? "-" : endpoint.hostname)},
                {tamed(endpoint.target.name)},
                {}},
               tone != Tone::kGood});
  }
  return table;
}

std::vector<Line> event_lines(const Scene& scene, std::size_t height) {
  std::vector<Line> lines{{{"EVENTS, newest last", Tone::kHeading}}};
  const std::size_t most = std::max<std::size_t>(height, 1) - 1;
  const std::size_t from = scene.events.size() > most ? scene.events.size() - most : 0;
  for (std::size_t i = from; i < scene.events.size(); ++i) {
    const SeenEvent& event = scene.events[i];
    lines.push_back({{(event.at ? clock_text(*event.at) : std::string(9, ' ')) + " ", Tone::kFaint},
                     {statement(event), event.type == "Warning" ? Tone::kAttention : Tone::kPlain}});
  }
  return lines;
}

struct Section {
  Table table;
  std::string rest;  ///< what rows that are left out are
  std::size_t height;
};

/// Shares `rows` out: every section gets its fewest rows, then one after the other gets one more.
void share(std::vector<Section>& sections, std::size_t rows) {
  std::size_t used = 0;
  std::vector<std::size_t> wanted;
  for (Section& section : sections) {
    wanted.push_back(section.table.height());
    section.height = std::min(section.table.height(), kFewestRows);
    used += section.height;
  }
  for (bool grew = true; grew && used < rows;) {
    grew = false;
    for (std::size_t i = 0; i < sections.size() && used < rows; ++i)
      if (sections[i].height < wanted[i]) {
        ++sections[i].height;
        ++used;
        grew = true;
      }
  }
}

std::vector<Section> sections_of(const Scene& scene) {
  std::vector<Section> sections;
  const auto add = [&](Table table, const char* rest) {
    const std::size_t height = table.height();
    sections.push_back({std::move(table), rest, height});
  };
  if (Table table = pods_table(scene); !table.empty()) add(std::move(table), "Ready");
  if (Table table = claims_table(scene); !table.empty()) add(std::move(table), "Bound");
  if (scene.set && !scene.set->service_name.empty()) add(endpoints_table(scene), "ready");
  return sections;
}

}  // namespace

std::vector<std::string> picture(const Scene& scene, const PictureStyle& style) {
  std::vector<Line> lines = head(scene, style.columns);
  std::vector<Section> sections = sections_of(scene);
  std::size_t total = lines.size();
  for (const Section& section : sections) total += section.height;
  const std::size_t events = scene.events.size() + 1;
  // Blank lines between the sections where there is room for them and for some Events.
  const std::size_t blanks = sections.size() + 1;
  const bool airy = total + blanks + std::min(events, kFewestEvents + 2) <= style.rows;
  if (total + std::min(events, kFewestEvents) > style.rows) {
    const std::size_t taken = lines.size() + std::min(events, kFewestEvents);
    share(sections, style.rows > taken ? style.rows - taken : 0);
  }
  for (const Section& section : sections) {
    if (airy) lines.emplace_back();
    for (Line& line : section.table.lines(section.height, section.rest)) lines.push_back(std::move(line));
  }
  if (airy) lines.emplace_back();
  if (lines.size() < style.rows)
    for (Line& line : event_lines(scene, style.rows - lines.size())) lines.push_back(std::move(line));
  if (lines.size() > style.rows) lines.resize(style.rows);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) texts.push_back(shown(line, style.columns, style.colour));
  return texts;
}

}  // namespace stateproof::monitor
