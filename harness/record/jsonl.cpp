#include "harness/record/jsonl.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "harness/model/steps.h"

namespace stateproof::record {
namespace {

using nlohmann::json;

// Names of an enumeration on disk. They are part of the schema.
template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, const char*>, N>;

constexpr Names<Change, 4> kChanges{{{Change::kListed, "LISTED"},
                                     {Change::kAdded, "ADDED"},
                                     {Change::kModified, "MODIFIED"},
                                     {Change::kDeleted, "DELETED"}}};
constexpr Names<Step::Phase, 4> kStepPhases{{{Step::Phase::kBegin, "begin"},
                                             {Step::Phase::kReached, "reached"},
                                             {Step::Phase::kTimedOut, "timed-out"},
                                             {Step::Phase::kFailed, "failed"}}};
constexpr Names<FaultMark::Phase, 2> kFaultPhases{
    {{FaultMark::Phase::kInject, "inject"}, {FaultMark::Phase::kHeal, "heal"}}};
constexpr Names<SqlOperation::Kind, 2> kSqlKinds{
    {{SqlOperation::Kind::kWrite, "write"}, {SqlOperation::Kind::kRead, "read"}}};
constexpr Names<SqlOperation::Outcome, 3> kSqlOutcomes{{{SqlOperation::Outcome::kOk, "ok"},
                                                        {SqlOperation::Outcome::kFailed, "failed"},
                                                        {SqlOperation::Outcome::kUnknown, "unknown"}}};
constexpr Names<End::Reason, 3> kEndReasons{{{End::Reason::kComplete, "complete"},
                                             {End::Reason::kInterrupted, "interrupted"},
                                             {End::Reason::kHarnessError, "harness-error"}}};

template <class Enum, std::size_t N>
const char* name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [candidate, name] : names)
    if (candidate == value) return name;
  throw std::logic_error("enumerator without a name in the recording's schema");
}

template <class Enum, std::size_t N>
Enum value_of(const Names<Enum, N>& names, const json& text) {
  for (const auto& [candidate, name] : names)
    if (text == name) return candidate;
  throw std::runtime_error("unknown word " + text.dump());
}

json to_json(const ObjectRef& ref) {
  return {{"kind", ref.kind}, {"namespace", ref.ns}, {"name", ref.name}, {"uid", ref.uid.value}};
}

ObjectRef object_ref(const json& value) {
  return {value.at("kind"), value.at("namespace"), value.at("name"), Uid{value.at("uid")}};
}

json to_json(const Subject& subject) {
  json value{{"namespace", subject.ns},
             {"set", subject.set},
             {"service", subject.service},
             {"claimTemplate", subject.claim_template},
             {"mountPath", subject.mount_path},
             {"container", subject.container},
             {"zone", subject.zone},
             {"replicas", subject.replicas.value},
             {"first", subject.first.value},
             {"ordered", subject.ordered}};
  if (!subject.publishing_service.empty()) value["publishingService"] = subject.publishing_service;
  if (!subject.port_name.empty()) value.update({{"portName", subject.port_name}, {"port", subject.port}});
  return value;
}

Subject subject(const json& value) {
  Subject subject;
  subject.ns = value.at("namespace");
  subject.set = value.at("set");
  subject.service = value.at("service");
  subject.claim_template = value.at("claimTemplate");
  subject.mount_path = value.at("mountPath");
  subject.container = value.at("container");
  subject.zone = value.at("zone");
  subject.replicas.value = value.at("replicas");
  subject.first.value = value.at("first");
  subject.ordered = value.at("ordered");
  subject.publishing_service = value.value("publishingService", "");
  subject.port_name = value.value("portName", "");
  subject.port = value.value("port", 0);
  return subject;
}

// Times that follow each other closely: the first, and then the distances.
json gaps_of(const std::vector<Elapsed>& times) {
  json gaps = json::array();
  Elapsed last{0};
  for (const Elapsed time : times) {
    gaps.push_back((time - last).count());
    last = time;
  }
  return gaps;
}

std::vector<Elapsed> times_of(const json& gaps) {
  std::vector<Elapsed> times;
  Elapsed last{0};
  for (const json& gap : gaps) times.push_back(last += Elapsed{gap.get<std::int64_t>()});
  return times;
}

json counts_of(const std::vector<Elapsed>& durations) {
  json counts = json::array();
  for (const Elapsed duration : durations) counts.push_back(duration.count());
  return counts;
}

json pairs_of(const std::map<int, std::int64_t>& numbers) {
  json pairs = json::array();
  for (const auto& [key, value] : numbers) pairs.push_back({key, value});
  return pairs;
}

// What each entry writes beside its kind, index and time.
struct EntryWriter {
  json operator()(const ObjectSeen& seen) const {
    json line{{"kind", "object"}, {"change", name_of(kChanges, seen.change)}, {"object", *seen.served}};
    if (seen.synthesized) line["synthesized"] = true;
    return line;
  }
  json operator()(const Gap& gap) const {
    return {{"kind", "gap"}, {"resource", gap.resource}, {"reason", gap.reason}};
  }
  json operator()(const Step& step) const {
    return {{"kind", "step"},
            {"name", step.name()},
            {"phase", name_of(kStepPhases, step.phase)},
            {"args", step.task.args()},
            {"text", step.text}};
  }
  json operator()(const FaultMark& fault) const {
    return {{"kind", "fault"},
            {"name", fault.name},
            {"phase", name_of(kFaultPhases, fault.phase)},
            {"target", to_json(fault.target)}};
  }
  json operator()(const DnsAnswer& answer) const {
    json line{{"kind", "dns"},
              {"vantage", answer.vantage},
              {"name", answer.name},
              {"type", answer.type},
              {"server", answer.server},
              {"rcode", answer.rcode},
              {"ttl", answer.ttl},
              {"addresses", answer.addresses},
              {"changed", answer.changed},
              {"queries", answer.queries}};
    if (answer.replica) line["replica"] = true;
    if (!answer.records.empty()) line["records"] = answer.records;
    return line;
  }
  json operator()(const SqlOperation& operation) const {
    json rows = json::array();
    for (const Row& row : operation.rows) rows.push_back({row.key, row.checksum});
    return {{"kind", "sql"},
            {"operation", name_of(kSqlKinds, operation.kind)},
            {"outcome", name_of(kSqlOutcomes, operation.outcome)},
            {"member", operation.member},
            {"pod", operation.pod.value},
            {"began_us", operation.began.count()},
            {"ended_us", operation.ended.count()},
            {"rows", std::move(rows)},
            {"note", operation.note}};
  }
  json operator()(const MountSeen& mount) const {
    return {{"kind", "mount"},        {"member", mount.member},   {"pod", mount.pod.value},
            {"path", mount.path},     {"present", mount.present}, {"root", mount.root},
            {"source", mount.source}, {"fsType", mount.fs_type}};
  }
  json operator()(const HostNameSeen& seen) const {
    return {{"kind", "host-name"},
            {"member", seen.member},
            {"pod", seen.pod.value},
            {"name", seen.name},
            {"qualified", seen.qualified}};
  }
  json operator()(const LedgerWrites& writes) const {
    return {
        {"kind", "ledger-writes"}, {"writer", writes.writer},           {"first", writes.first},
        {"ended", writes.ended},   {"began_us", gaps_of(writes.began)}, {"took_us", counts_of(writes.took)},
        {"note", writes.note}};
  }
  json operator()(const LedgerReserved& reserved) const {
    return {{"kind", "ledger-reserved"}, {"writer", reserved.writer}, {"to", reserved.to}};
  }
  json operator()(const LedgerState& state) const {
    return {{"kind", "ledger-state"}, {"what", state.what}, {"writer", state.writer}};
  }
  json operator()(const LedgerRead& read) const {
    return {{"kind", "ledger-read"},   {"member", read.member},           {"ok", read.ok},
            {"address", read.address}, {"began_us", read.began.count()},  {"took_us", read.took.count()},
            {"host", read.host},       {"newest", pairs_of(read.newest)}, {"note", read.note}};
  }
  json operator()(const LedgerRows& rows) const {
    json present = json::array();
    for (const auto& [writer, runs] : rows.present)
      present.push_back({{"writer", writer},
                         {"rows", runs.rows},
                         {"runs", runs.runs},
                         {"repeated", runs.repeated},
                         {"repeatedCount", runs.repeated_count}});
    return {{"kind", "ledger-rows"},
            {"member", rows.member},
            {"ok", rows.ok},
            {"note", rows.note},
            {"awaited", rows.awaited},
            {"caughtUp", rows.caught_up},
            {"host", rows.host},
            {"server", rows.server},
            {"readOnly", rows.read_only},
            {"position", rows.position},
            {"logged", rows.logged},
            {"checksum", rows.checksum},
            {"replication", rows.replication},
            {"present", std::move(present)},
            {"damaged", rows.damaged},
            {"damagedCount", rows.damaged_count}};
  }
  json operator()(const Trouble& trouble) const { return {{"kind", "trouble"}, {"text", trouble.text}}; }
};

ObjectSeen object_seen(json& line) {
  ObjectSeen seen;
  seen.change = value_of(kChanges, line.at("change"));
  seen.synthesized = line.value("synthesized", false);
  seen.served = std::make_shared<const json>(std::move(line.at("object")));
  seen.object = parse_object(*seen.served);
  return seen;
}

DnsAnswer dns_answer(const json& line) {
  DnsAnswer answer;
  answer.vantage = line.at("vantage");
  answer.name = line.at("name");
  answer.type = line.at("type");
  answer.server = line.at("server");
  answer.rcode = line.at("rcode");
  answer.ttl = line.at("ttl");
  answer.addresses = line.at("addresses").get<std::vector<std::string>>();
  answer.changed = line.at("changed");
  answer.queries = line.at("queries");
  answer.replica = line.value("replica", false);
  answer.records = line.value("records", std::vector<std::string>{});
  return answer;
}

SqlOperation sql_operation(const json& line) {
  SqlOperation operation;
  operation.kind = value_of(kSqlKinds, line.at("operation"));
  operation.outcome = value_of(kSqlOutcomes, line.at("outcome"));
  operation.member = line.at("member");
  operation.pod.value = line.at("pod");
  operation.began = Elapsed{line.at("began_us")};
  operation.ended = Elapsed{line.at("ended_us")};
  for (const json& row : line.at("rows")) operation.rows.push_back({row.at(0), row.at(1)});
  operation.note = line.at("note");
  return operation;
}

MountSeen mount_seen(const json& line) {
  return {line.at("member"), Uid{line.at("pod")}, line.at("path"),  line.at("present"),
          line.at("root"),   line.at("source"),   line.at("fsType")};
}

LedgerWrites ledger_writes(const json& line) {
  LedgerWrites writes;
  writes.writer = line.at("writer");
  writes.first = line.at("first");
  writes.ended = line.at("ended");
  writes.began = times_of(line.at("began_us"));
  for (const json& took : line.at("took_us")) writes.took.emplace_back(took.get<std::int64_t>());
  writes.note = line.at("note");
  if (writes.began.size() != writes.ended.size() || writes.took.size() != writes.ended.size())
    throw std::runtime_error("writes without their times");
  return writes;
}

LedgerRead ledger_read(const json& line) {
  LedgerRead read;
  read.member = line.at("member");
  read.ok = line.at("ok");
  read.address = line.at("address");
  read.began = Elapsed{line.at("began_us")};
  read.took = Elapsed{line.at("took_us")};
  read.host = line.at("host");
  for (const json& pair : line.at("newest")) read.newest[pair.at(0)] = pair.at(1);
  read.note = line.at("note");
  return read;
}

LedgerRows ledger_rows(const json& line) {
  LedgerRows rows;
  rows.member = line.at("member");
  rows.ok = line.at("ok");
  rows.note = line.at("note");
  rows.awaited = line.at("awaited");
  rows.caught_up = line.at("caughtUp");
  rows.host = line.at("host");
  rows.server = line.at("server");
  rows.read_only = line.at("readOnly");
  rows.position = line.at("position");
  rows.logged = line.at("logged");
  rows.checksum = line.at("checksum");
  rows.replication = line.at("replication");
  for (const json& present : line.at("present")) {
    LedgerRuns& runs = rows.present[present.at("writer")];
    runs.rows = present.at("rows");
    runs.runs = present.at("runs").get<std::vector<std::pair<std::int64_t, std::int64_t>>>();
    runs.repeated = present.at("repeated").get<std::vector<std::int64_t>>();
    runs.repeated_count = present.at("repeatedCount");
  }
  rows.damaged = line.at("damaged").get<std::vector<std::pair<int, std::int64_t>>>();
  rows.damaged_count = line.at("damagedCount");
  return rows;
}

Step step_of(const json& line) {
  Step step{Task::recorded(line.at("name"), line.at("args")), value_of(kStepPhases, line.at("phase")),
            line.at("text")};
  if (const std::string why = steps::unfit(step.task); !why.empty()) throw std::runtime_error(why);
  return step;
}

Entry entry(json& line) {
  const std::string kind = line.at("kind");
  if (kind == "object") return object_seen(line);
  if (kind == "gap") return Gap{line.at("resource"), line.at("reason")};
  if (kind == "step") return step_of(line);
  if (kind == "fault")
    return FaultMark{line.at("name"), value_of(kFaultPhases, line.at("phase")),
                     object_ref(line.at("target"))};
  if (kind == "dns") return dns_answer(line);
  if (kind == "sql") return sql_operation(line);
  if (kind == "mount") return mount_seen(line);
  if (kind == "host-name")
    return HostNameSeen{line.at("member"), Uid{line.at("pod")}, line.at("name"), line.at("qualified")};
  if (kind == "ledger-writes") return ledger_writes(line);
  if (kind == "ledger-reserved") return LedgerReserved{line.at("writer"), line.at("to")};
  if (kind == "ledger-state") return LedgerState{line.at("what"), line.at("writer")};
  if (kind == "ledger-read") return ledger_read(line);
  if (kind == "ledger-rows") return ledger_rows(line);
  if (kind == "trouble") return Trouble{line.at("text")};
  throw std::runtime_error("unknown kind of entry '" + kind + "'");
}

Header header(const json& line) {
  Header header;
  header.scenario = line.at("scenario");
  header.run = line.at("run");
  header.mutant = line.at("mutant");
  const auto started = parse_rfc3339(line.at("started").get<std::string>());
  if (!started) throw std::runtime_error("'started' is not a time");
  header.started = *started;
  header.subject = subject(line.at("subject"));
  header.environment = line.at("environment");
  return header;
}

End end_of(const json& line) {
  End end;
  end.reason = value_of(kEndReasons, line.at("reason"));
  end.text = line.at("text");
  end.requests = line.at("requests").get<std::map<std::string, std::uint64_t>>();
  return end;
}

std::string dump(const json& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace); }

tl::unexpected<RecordingError> refuse(const std::string& path, const std::string& why,
                                      const std::string& next) {
  return tl::make_unexpected(RecordingError{fmt::format("{} {}; {}.", path, why, next)});
}

bool is_foreign(const json& first) {
  return !first.is_object() || first.value("kind", json{}) != "header" || !first.contains("schema") ||
         !first["schema"].is_string() ||
         !first["schema"].get<std::string>().starts_with("stateproof.recording/");
}

// Adds one complete line to the timeline.
void add_line(Timeline& timeline, json line) {
  if (timeline.finish) throw std::runtime_error("an entry after the end");
  if (line.at("kind") == "end") {
    timeline.finish = end_of(line);
    return;
  }
  Observation observation;
  observation.index = line.at("n");
  observation.at = Elapsed{line.at("at_us")};
  if (observation.index != timeline.size() + 1)
    throw std::runtime_error(
        fmt::format("entry {} stands where {} belongs", observation.index, timeline.size() + 1));
  observation.what = entry(line);
  timeline.observations.push_back(std::move(observation));
}

}  // namespace

std::string header_line(const Header& header) {
  return dump({{"kind", "header"},
               {"schema", kSchema},
               {"scenario", header.scenario},
               {"run", header.run},
               {"started", format_rfc3339(header.started)},
               {"mutant", header.mutant},
               {"subject", to_json(header.subject)},
               {"environment", header.environment}});
}

std::string observation_line(const Observation& observation) {
  json line = std::visit(EntryWriter{}, observation.what);
  line["n"] = observation.index;
  line["at_us"] = observation.at.count();
  return dump(line);
}

std::string end_line(const End& end) {
  return dump({{"kind", "end"},
               {"reason", name_of(kEndReasons, end.reason)},
               {"text", end.text},
               {"requests", end.requests}});
}

tl::expected<Timeline, RecordingError> load_recording(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return refuse(path, std::string{"cannot be read ("} + std::strerror(errno) + ")",
                  "give a folder that a run of stateproof wrote");

  Timeline timeline;
  std::string text;
  std::size_t number = 0;
  while (std::getline(file, text)) {
    ++number;
    const bool complete = !file.eof();
    json line = json::parse(text, nullptr, false);
    if (number == 1 && is_foreign(line))
      return refuse(path, "is not a recording of stateproof (its first line is not a header)",
                    "give a file from the recordings folder of a run");
    if (line.is_discarded() && !complete) break;  // killed while it wrote
    try {
      if (line.is_discarded()) throw std::runtime_error("not JSON");
      if (number == 1) {
        if (line.at("schema") != kSchema)
          return refuse(
              path, "has schema " + line.at("schema").get<std::string>() + ", this program reads " + kSchema,
              "judge it with the version that recorded it");
        timeline.header = header(line);
      } else {
        add_line(timeline, std::move(line));
      }
    } catch (const std::exception& error) {
      return refuse(path, fmt::format("is damaged at line {}: {}", number, error.what()),
                    "restore it from where the run was saved, or run the suite again");
    }
  }
  if (number == 0) return refuse(path, "is empty", "run the suite again");
  return timeline;
}

}  // namespace stateproof::record
