#include "harness/record/jsonl.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "harness/model/ledger_schema.h"
#include "harness/model/schema.h"
#include "harness/model/steps.h"

namespace stateproof::schema {

// Everything that a recording holds. Names and words are part of the format.

using nlohmann::json;

template <>
struct Words<Change> {
  static constexpr std::array all{std::pair{Change::kListed, "LISTED"}, std::pair{Change::kAdded, "ADDED"},
                                  std::pair{Change::kModified, "MODIFIED"},
                                  std::pair{Change::kDeleted, "DELETED"}};
};

template <>
struct Words<Step::Phase> {
  static constexpr std::array all{
      std::pair{Step::Phase::kBegin, "begin"}, std::pair{Step::Phase::kReached, "reached"},
      std::pair{Step::Phase::kTimedOut, "timed-out"}, std::pair{Step::Phase::kFailed, "failed"}};
};

template <>
struct Words<FaultMark::Phase> {
  static constexpr std::array all{std::pair{FaultMark::Phase::kInject, "inject"},
                                  std::pair{FaultMark::Phase::kHeal, "heal"}};
};

template <>
struct Words<SqlOperation::Kind> {
  static constexpr std::array all{std::pair{SqlOperation::Kind::kWrite, "write"},
                                  std::pair{SqlOperation::Kind::kRead, "read"}};
};

template <>
struct Words<SqlOperation::Outcome> {
  static constexpr std::array all{std::pair{SqlOperation::Outcome::kOk, "ok"},
                                  std::pair{SqlOperation::Outcome::kFailed, "failed"},
                                  std::pair{SqlOperation::Outcome::kUnknown, "unknown"}};
};

template <>
struct Words<End::Reason> {
  static constexpr std::array all{std::pair{End::Reason::kComplete, "complete"},
                                  std::pair{End::Reason::kInterrupted, "interrupted"},
                                  std::pair{End::Reason::kHarnessError, "harness-error"}};
};

template <>
struct Codec<Timestamp> {
  static Timestamp read(const json& from) {
    const auto time = parse_rfc3339(text(from));
    if (!time) throw Unfit("is not a time");
    return *time;
  }
  static json write(const Timestamp& value) { return format_rfc3339(value); }
};

template <>
struct Codec<Row> {
  static Row read(const json& from) { return {text(pair(from)[0]), text(pair(from)[1])}; }
  static json write(const Row& row) { return json::array({row.key, row.checksum}); }
};

template <>
struct Fields<ObjectRef> {
  static void of(auto& ref, auto&& field) {
    field("kind", ref.kind);
    field("namespace", ref.ns);
    field("name", ref.name);
    field("uid", ref.uid);
  }
};

template <>
struct Fields<Gap> {
  static constexpr std::string_view kKind = "gap";
  static void of(auto& gap, auto&& field) {
    field("resource", gap.resource);
    field("reason", gap.reason);
  }
};

template <>
struct Fields<FaultMark> {
  static constexpr std::string_view kKind = "fault";
  static void of(auto& fault, auto&& field) {
    field("name", fault.name);
    field("phase", fault.phase);
    field("target", fault.target);
  }
};

template <>
struct Fields<DnsAnswer> {
  static constexpr std::string_view kKind = "dns";
  static void of(auto& answer, auto&& field) {
    field("vantage", answer.vantage);
    field("name", answer.name);
    field("type", answer.type);
    field("server", answer.server);
    field("rcode", answer.rcode);
    field("ttl", answer.ttl);
    field("addresses", answer.addresses);
    field("changed", answer.changed);
    field("queries", answer.queries);
    field.optional("replica", answer.replica);
    field.optional("records", answer.records);
  }
};

template <>
struct Fields<SqlOperation> {
  static constexpr std::string_view kKind = "sql";
  static void of(auto& operation, auto&& field) {
    field("operation", operation.kind);
    field("outcome", operation.outcome);
    field("member", operation.member);
    field("pod", operation.pod);
    field("began_us", operation.began);
    field("ended_us", operation.ended);
    field("rows", operation.rows);
    field("note", operation.note);
  }
};

template <>
struct Fields<MountSeen> {
  static constexpr std::string_view kKind = "mount";
  static void of(auto& mount, auto&& field) {
    field("member", mount.member);
    field("pod", mount.pod);
    field("path", mount.path);
    field("present", mount.present);
    field("root", mount.root);
    field("source", mount.source);
    field("fsType", mount.fs_type);
  }
};

template <>
struct Fields<HostNameSeen> {
  static constexpr std::string_view kKind = "host-name";
  static void of(auto& seen, auto&& field) {
    field("member", seen.member);
    field("pod", seen.pod);
    field("name", seen.name);
    field("qualified", seen.qualified);
  }
};

template <>
struct Fields<LedgerWrites> {
  static constexpr std::string_view kKind = "ledger-writes";
  static void of(auto& writes, auto&& field) {
    field("writer", writes.writer);
    field("first", writes.first, kRowNumber);
    field("ended", writes.ended);
    field("began_us", Deltas{writes.began});
    field("took_us", writes.took);
    field("note", writes.note);
  }
  static void check(const LedgerWrites& writes) { require_whole(writes); }
};

template <>
struct Fields<LedgerReserved> {
  static constexpr std::string_view kKind = "ledger-reserved";
  static void of(auto& reserved, auto&& field) {
    field("writer", reserved.writer);
    field("to", reserved.to);
  }
};

template <>
struct Fields<LedgerState> {
  static constexpr std::string_view kKind = "ledger-state";
  static void of(auto& state, auto&& field) {
    field("what", state.what);
    field("writer", state.writer, Bounds{-1, kSmall.most});
  }
};

template <>
struct Fields<LedgerRead> {
  static constexpr std::string_view kKind = "ledger-read";
  static void of(auto& read, auto&& field) {
    field("member", read.member);
    field("ok", read.ok);
    field("address", read.address);
    field("began_us", read.began);
    field("took_us", read.took);
    field("host", read.host);
    field("newest", read.newest);
    field("note", read.note);
  }
};

// Of one writer after another.
template <>
struct Codec<std::map<int, LedgerRuns>> {
  static std::map<int, LedgerRuns> read(const json& from) {
    std::map<int, LedgerRuns> present;
    for (const json& one : list(from)) {
      int writer = 0;
      Reader{one}("writer", writer);
      present[writer] = schema::read<LedgerRuns>(one);
    }
    return present;
  }
  static json write(const std::map<int, LedgerRuns>& present) {
    json all = json::array();
    for (const auto& [writer, runs] : present) {
      all.push_back(schema::write(runs));
      all.back()["writer"] = writer;
    }
    return all;
  }
};

template <>
struct Fields<LedgerRows> {
  static constexpr std::string_view kKind = "ledger-rows";
  static void of(auto& rows, auto&& field) {
    field("member", rows.member);
    field("ok", rows.ok);
    field("note", rows.note);
    field("awaited", rows.awaited);
    field("caughtUp", rows.caught_up);
    field("host", rows.host);
    field("server", rows.server);
    field("readOnly", rows.read_only);
    field("position", rows.position);
    field("logged", rows.logged);
    field("checksum", rows.checksum);
    field("replication", rows.replication);
    field("present", rows.present);
    field("damaged", rows.damaged);
    field("damagedCount", rows.damaged_count);
  }
};

template <>
struct Fields<Trouble> {
  static constexpr std::string_view kKind = "trouble";
  static void of(auto& trouble, auto&& field) { field("text", trouble.text); }
};

template <>
struct Fields<Subject> {
  static void of(auto& subject, auto&& field) {
    field("namespace", subject.ns);
    field("set", subject.set);
    field("service", subject.service);
    field("claimTemplate", subject.claim_template);
    field("mountPath", subject.mount_path);
    field("container", subject.container);
    field("zone", subject.zone);
    field("replicas", subject.replicas);
    field("first", subject.first);
    field("ordered", subject.ordered);
    field.optional("publishingService", subject.publishing_service);
    field.optional("portName", subject.port_name);
    field.optional("port", subject.port, Bounds{0, 65'535});
  }
};

template <>
struct Fields<Header> {
  static void of(auto& header, auto&& field) {
    field("scenario", header.scenario);
    field("run", header.run);
    field("started", header.started);
    field("mutant", header.mutant);
    field("subject", header.subject);
    field("environment", header.environment);
  }
};

template <>
struct Fields<End> {
  static void of(auto& end, auto&& field) {
    field("reason", end.reason);
    field("text", end.text);
    field("requests", end.requests);
  }
};

// What its type demands of a step, steps.h knows.
template <>
struct Fields<Step> {
  static constexpr std::string_view kKind = "step";
};

template <>
struct Codec<Step> {
  static Step read(const json& from) {
    Step step;
    std::string name;
    json args;
    const Reader field(from);
    field("name", name);
    field("phase", step.phase);
    field("args", args);
    field("text", step.text);
    step.task = Task::recorded(std::move(name), args);
    if (const std::string why = steps::unfit(step.task); !why.empty()) throw Unfit(why);
    return step;
  }
  static json write(const Step& step) {
    return {{"name", step.name()},
            {"phase", schema::write(step.phase)},
            {"args", step.task.args()},
            {"text", step.text}};
  }
};

template <>
struct Fields<ObjectSeen> {
  static constexpr std::string_view kKind = "object";
};

}  // namespace stateproof::schema

namespace stateproof::record {
namespace {

using nlohmann::json;
using schema::Fields;
using schema::Reader;

/// A longer line is no entry: the API server itself takes no object of more than 3 MiB.
constexpr std::size_t kLongestLine = 16U << 20U;
/// A recording is held in memory several times over.
constexpr std::uintmax_t kLargestFile = 1U << 30U;

json object_line(const ObjectSeen& seen) {
  json line{{"change", schema::write(seen.change)}, {"object", *seen.served}};
  if (seen.synthesized) line["synthesized"] = true;
  return line;
}

// The object is most of a recording: it is moved, not copied.
ObjectSeen object_of(json& line) {
  ObjectSeen seen;
  const Reader field(line);
  field("change", seen.change);
  field.optional("synthesized", seen.synthesized);
  if (!line.contains("object")) schema::refuse_missing("object");
  seen.served = std::make_shared<const json>(std::move(line["object"]));
  if (!seen.served->is_object()) throw Unfit("\"object\" is not an object");
  seen.object = parse_object(*seen.served);
  return seen;
}

/// What an entry writes beside its index and time.
struct EntryWriter {
  template <class T>
  json operator()(const T& entry) const {
    json line;
    if constexpr (std::is_same_v<T, ObjectSeen>)
      line = object_line(entry);
    else
      line = schema::write(entry);
    line["kind"] = Fields<T>::kKind;
    return line;
  }
};

template <class T>
bool read_as(std::string_view kind, json& line, Entry& entry) {
  if (kind != Fields<T>::kKind) return false;
  if constexpr (std::is_same_v<T, ObjectSeen>)
    entry = object_of(line);
  else
    entry = schema::read<T>(line);
  return true;
}

template <class... T>
Entry entry_of(json& line, const std::variant<T...>* /*types*/) {
  std::string kind;
  Reader{line}("kind", kind);
  Entry entry;
  if (!(read_as<T>(kind, line, entry) || ...))
    throw Unfit(fmt::format("unknown kind of entry '{}'", kind.substr(0, 60)));
  return entry;
}

Observation observation_of(json& line) {
  Observation observation;
  std::uint64_t index = 0;
  const Reader field(line);
  field("n", index);
  field("at_us", observation.at);
  observation.index = index;
  observation.what = entry_of(line, static_cast<const Entry*>(nullptr));
  return observation;
}

std::string dump(const json& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace); }

/// Why a recording cannot be read, and what to do.
struct Refusal {
  std::string why;
  std::string next;
};

constexpr const char* kRestore = "restore it from a copy, or run the suite again";

/// Builds a recording from its lines. Throws Refusal.
class Loader {
 public:
  /// `complete`: the line has its end.
  void add(const std::string& text, bool complete) {
    ++number_;
    if (number_ == 1) return add_header(text);
    try {
      add_line(text, complete);
    } catch (const std::exception& error) {
      throw Refusal{fmt::format("is damaged at line {}: {}", number_, error.what()), kRestore};
    }
  }

  [[nodiscard]] bool empty() const { return number_ == 0; }
  Timeline take() { return std::move(timeline_); }

 private:
  void add_header(const std::string& text) try {
    const json line = schema::parse(text);
    std::string kind;
    std::string version;
    Reader{line}("kind", kind);
    Reader{line}("schema", version);
    if (kind != "header" || !version.starts_with("stateproof.recording/")) throw Unfit("foreign");
    if (version != kSchema)
      throw Refusal{fmt::format("has schema {}, this program reads {}", version.substr(0, 60), kSchema),
                    "judge it with the version that recorded it"};
    add_header(line);
  } catch (const Unfit&) {
    throw Refusal{"is not a recording of stateproof (its first line is not a header)",
                  "pass a file from the recordings folder of a run"};
  }

  void add_header(const json& line) try {
    timeline_.header = schema::read<Header>(line);
  } catch (const Unfit& why) {
    throw Refusal{fmt::format("is damaged at line 1: {}", why.what()), kRestore};
  }

  void add_line(const std::string& text, bool complete) {
    if (text.size() > kLongestLine) throw Unfit(fmt::format("it is longer than {} MiB", kLongestLine >> 20U));
    json line;
    try {
      line = schema::parse(text);
    } catch (const Unfit&) {
      if (complete) throw;
      return;  // the recorder was killed while it wrote
    }
    if (timeline_.finish) throw Unfit("an entry after the end");
    if (line.is_object() && line.value("kind", json{}) == "end") {
      timeline_.finish = schema::read<End>(line);
      return;
    }
    Observation observation = observation_of(line);
    if (observation.index != timeline_.size() + 1)
      throw Unfit(fmt::format("entry {} where {} is expected", observation.index, timeline_.size() + 1));
    timeline_.observations.push_back(std::move(observation));
  }

  Timeline timeline_;
  std::size_t number_ = 0;
};

// Neither a folder, nor a device that never ends, nor more than memory holds.
void require_readable(const std::string& path, const std::ifstream& file) {
  constexpr const char* kGive = "pass a folder that a run of stateproof wrote";
  if (!file) throw Refusal{fmt::format("cannot be read ({})", std::strerror(errno)), kGive};
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw Refusal{"is not a file", kGive};
  if (const auto size = std::filesystem::file_size(path, error); !error && size > kLargestFile)
    throw Refusal{fmt::format("has {} MiB, but a recording has at most {}", size >> 20U, kLargestFile >> 20U),
                  kGive};
}

}  // namespace

std::string header_line(const Header& header) {
  json line = schema::write(header);
  line["kind"] = "header";
  line["schema"] = kSchema;
  return dump(line);
}

std::string observation_line(const Observation& observation) {
  json line = std::visit(EntryWriter{}, observation.what);
  line["n"] = observation.index;
  line["at_us"] = observation.at.count();
  return dump(line);
}

std::string end_line(const End& end) {
  json line = schema::write(end);
  line["kind"] = "end";
  return dump(line);
}

std::optional<Observation> read_observation(const std::string& text) try {
  json line = schema::parse(text);
  return observation_of(line);
} catch (const Unfit&) {
  return std::nullopt;
}

tl::expected<Timeline, RecordingError> load_recording(const std::string& path) try {
  // Opening a pipe waits for whoever writes to it.
  std::error_code ignored;
  std::ifstream file;
  if (!std::filesystem::is_fifo(path, ignored)) file.open(path, std::ios::binary);
  require_readable(path, file);
  Loader loader;
  for (std::string text; std::getline(file, text);) loader.add(text, !file.eof());
  if (loader.empty()) throw Refusal{"is empty", "run the suite again"};
  return loader.take();
} catch (const Refusal& refusal) {
  return tl::make_unexpected(RecordingError{fmt::format("{} {}; {}.", path, refusal.why, refusal.next)});
}

}  // namespace stateproof::record
