#include "suites/scenarios/clients/ledger_clients.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "fixtures/ledger/binary.h"
#include "harness/model/ledger_schema.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::scenarios {
namespace {

using fixtures::Ledger;
using nlohmann::json;
using record::Standing;
using record::View;
using record::Within;
using schema::Reader;
using std::chrono::microseconds;
using namespace std::chrono_literals;

const Within kStart{120s, "a volume, an image that may have to be pulled, and the first connection"};
const Within kRest{30s, "a writer waits at most 3 s for an answer, twice when it has to connect first"};
// Replicas replay what was written while they were away.
constexpr auto kCatchUp = 60s;
constexpr auto kBeforeReconnecting = 500ms;
constexpr auto kMovesOn = 600s;  // a replica that gets on, however slowly
constexpr std::int64_t kFirstWrites = 100;
constexpr const char* kUnreadable = "a line of the ledger's journal is malformed";

/// By the recorder's clock.
microseconds time_in(const Reader& told, const char* key, microseconds clock) {
  microseconds time{0};
  told(key, time);
  return time + clock;
}

LedgerWrites writes_of(const Reader& told, microseconds clock) {
  LedgerWrites writes;
  told("writer", writes.writer);
  told("first", writes.first, schema::kRowNumber);
  told("ended", writes.ended);
  told("began", writes.began);
  told("took", writes.took);
  told.optional("note", writes.note);
  schema::require_whole(writes);
  const microseconds since = time_in(told, "since_us", clock);
  for (microseconds& began : writes.began) began += since;
  return writes;
}

LedgerRead read_of(const Reader& told, microseconds clock) {
  LedgerRead read;
  std::string ended;
  told("member", read.member);
  told("ended", ended);
  read.ok = ended == "o";
  read.began = time_in(told, "began_us", clock);
  told("took_us", read.took);
  told.optional("address", read.address);
  told.optional("host", read.host);
  told.optional("newest", read.newest);
  told.optional("note", read.note);
  return read;
}

LedgerReserved reserved_of(const Reader& told) {
  LedgerReserved reserved;
  told("writer", reserved.writer);
  told("to", reserved.to);
  return reserved;
}

/// The answer's rows are told by writer.
void take_rows(const Reader& told, LedgerRows& rows) {
  std::map<std::string, LedgerRuns> present;
  std::string ended;
  told.optional("member", rows.member);
  told.optional("ended", ended);
  rows.ok = ended == "o";
  told.optional("note", rows.note);
  told.optional("caughtUp", rows.caught_up);
  told.optional("host", rows.host);
  told.optional("server", rows.server);
  told.optional("readOnly", rows.read_only);
  told.optional("position", rows.position);
  told.optional("logged", rows.logged);
  told.optional("checksum", rows.checksum);
  told.optional("replication", rows.replication);
  told.optional("present", present);
  told.optional("damaged", rows.damaged);
  told.optional("damagedCount", rows.damaged_count);
  for (const auto& [writer, runs] : present)
    rows.present[static_cast<int>(schema::whole_number(schema::parse(writer), schema::kSmall))] = runs;
}

}  // namespace

tl::expected<Entry, std::string> entry_of_journal(const std::string& line, microseconds clock) try {
  const json told = schema::parse(line);
  const auto part = [&told](const char* key) { return Reader(told.at(key)); };
  if (schema::object(told).contains("writes")) return writes_of(part("writes"), clock);
  if (told.contains("read")) return read_of(part("read"), clock);
  if (told.contains("reserve")) return reserved_of(part("reserve"));
  for (const char* state : {"start", "rest", "stop"})
    if (told.contains(state)) {
      LedgerState entry{state};
      part(state).optional("writer", entry.writer);
      return entry;
    }
  return tl::make_unexpected("not an entry of a journal");
} catch (const Unfit& why) {
  return tl::make_unexpected(std::string{why.what()});
}

LedgerRows rows_of_answer(const std::string& answer, const std::string& position) {
  LedgerRows rows;
  rows.awaited = position;
  rows.caught_up = position.empty();
  try {
    const json told = schema::parse(answer);
    take_rows(Reader(told), rows);
  } catch (const Unfit& why) {
    rows = {};
    rows.note = fmt::format("unreadable answer ({}): {}", why.what(), answer.substr(0, 200));
    rows.awaited = position;
    rows.caught_up = position.empty();
  }
  return rows;
}

LedgerClients::LedgerClients(Stage& stage, fixtures::Passwords passwords)
    : stage_(stage), passwords_(std::move(passwords)) {}

LedgerClients::~LedgerClients() {
  if (!follower_.joinable()) return;
  follower_.request_stop();
  follower_.join();
}

kube::PodRef LedgerClients::pod() const { return {stage_.client_namespace(), Ledger::kPod, {}}; }

// Each line of a journal became one entry.
void LedgerClients::resume(const Timeline& former) {
  for (const Observation& seen : former) {
    const auto* trouble = seen.as<Trouble>();
    if (seen.as<LedgerWrites>() != nullptr || seen.as<LedgerReserved>() != nullptr ||
        seen.as<LedgerState>() != nullptr || seen.as<LedgerRead>() != nullptr ||
        (trouble != nullptr && trouble->text.starts_with(kUnreadable)))
      ++known_;
  }
  follower_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
}

void LedgerClients::start(const fixtures::LedgerOptions& options) {
  const std::string name = stage_.client_namespace() + "/" + Ledger::kPod;
  stage_.step(
      steps::Clients{.pods = {name}}, "start the clients that write and read",
      [&] {
        fixtures::LedgerOptions ours = options;
        ours.run = stage_.request().run;
        stage_.create(kube::kSecrets, stage_.client_namespace(), fixtures::ledger_secret(passwords_));
        for (const json& object :
             stage_.mutated(fixtures::ledger_objects(stage_.request().image, stage_.subject(), ours)))
          stage_.create(object.at("kind") == "Service" ? kube::kServices : kube::kStatefulSets,
                        stage_.client_namespace(), object);
      },
      running(stage_.subject(), {name}), kStart);
  install();
  follower_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
  stage_.step(
      steps::FirstWrites{}, "the first rows are written", [] {},
      [](const View& view) {
        const std::int64_t done = view.ledger.acknowledged;
        if (done >= kFirstWrites) return Standing{true, fmt::format("{} acknowledged writes", done), {}};
        return Standing{false, fmt::format("{} acknowledged writes; {}", done, view.ledger.last_error), {}};
      },
      kStart);
}

// Written beside its name and then moved, so that what starts is whole.
void LedgerClients::install() {
  const std::string_view binary = fixtures::ledger_binary();
  const std::string fresh = std::string{Ledger::kProgram} + ".new";
  const std::string command =
      fmt::format("{} && mv {} {} && echo go > {}", install_command(binary.size(), fresh), fresh,
                  Ledger::kProgram, Ledger::kReady);
  const auto installed = kube::exec(stage_.client(), {.pod = pod(),
                                                      .command = {"sh", "-c", command},
                                                      .input = std::string{binary},
                                                      .input_is_bounded = true,
                                                      .limit = 120s,
                                                      .stop = stage_.stop()});
  if (!installed) throw HarnessTrouble(installed.error().sentence());
  if (installed->exit_code != 0)
    throw HarnessTrouble(fmt::format("The ledger cannot be copied into pod {}/{} ({}).", pod().ns, pod().name,
                                     installed->err));
}

std::unique_ptr<kube::ExecStream> LedgerClients::open_journal() {
  kube::ExecRequest request;
  request.pod = pod();
  request.command = {Ledger::kProgram, "follow", Ledger::kJournal, std::to_string(known_)};
  request.wants_input = true;
  request.limit = 30s;
  auto stream =
      kube::ExecStream::start(stage_.client(), std::move(request),
                              {.on_line = [this](const std::string& line) { on_line(line); },
                               .on_end = [this](const kube::Result<kube::ExecResult>& end) { on_end(end); }});
  if (stream) return std::move(*stream);
  const std::scoped_lock lock(mutex_);
  lost_ = true;
  return nullptr;
}

void LedgerClients::follow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::scoped_lock lock(mutex_);
      lost_ = false;
    }
    const auto stream = open_journal();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return lost_; });
    // The way to the pod may be gone for a while; nothing can be watched that tells when it is back.
    changed_.wait_for(lock, stop, kBeforeReconnecting, [] { return false; });
  }
}

void LedgerClients::on_line(const std::string& text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string line =
      error == std::errc{} && *end == ' ' ? std::string(end + 1, text.data() + text.size()) : "";
  if (number == 0) {
    try {
      const json clock = schema::parse(line);
      // The line was some time under way: the shortest way is nearest to the truth.
      const auto offset = -time_in(Reader(clock), "now_us", -stage_.recorder().elapsed());
      clock_ = clock_ ? std::min(*clock_, offset) : offset;
    } catch (const Unfit&) {
      stage_.recorder().add(Trouble{"output of the ledger: " + text.substr(0, 200)});
    }
    return;
  }
  if (auto entry = entry_of_journal(line, clock_.value_or(microseconds{0})))
    stage_.recorder().add(std::move(*entry));
  else
    stage_.recorder().add(
        Trouble{fmt::format("{} ({}): {}", kUnreadable, entry.error(), line.substr(0, 200))});
  known_ = number;
}

void LedgerClients::on_end(const kube::Result<kube::ExecResult>& end) {
  const bool closed = !end && end.error().kind == kube::ApiError::Kind::kCancelled;
  if (!closed)
    stage_.recorder().add(Trouble{fmt::format(
        "the connection to the ledger's journal was lost after line {} ({}); reconnecting", known_,
        end ? fmt::format("exit code {} {}", end->exit_code, end->err) : end.error().sentence())});
  const std::scoped_lock lock(mutex_);
  lost_ = true;
  changed_.notify_all();
}

void LedgerClients::signal(const char* name) {
  const auto sent = kube::exec(
      stage_.client(),
      {.pod = pod(), .command = {"sh", "-c", fmt::format("kill -{} 1", name)}, .stop = stage_.stop()});
  if (!sent) throw HarnessTrouble(sent.error().sentence());
  if (sent->exit_code != 0) throw HarnessTrouble("The ledger's writers cannot be paused: " + sent->err);
}

LedgerRows LedgerClients::read(Ordinal member, const std::string& position) {
  std::vector<std::string> command{Ledger::kProgram, "read", std::to_string(member.value)};
  if (!position.empty()) {
    command.push_back(position);
    command.push_back(std::to_string(kCatchUp.count()));
  }
  const auto told = kube::exec(
      stage_.client(), {.pod = pod(), .command = command, .limit = kCatchUp + 60s, .stop = stage_.stop()});
  if (!told) throw HarnessTrouble(told.error().sentence());
  if (told->exit_code != 0) throw HarnessTrouble("The ledger cannot read the rows back: " + told->err);
  LedgerRows rows = rows_of_answer(told->out, position);
  if (rows.member.empty()) rows.member = stage_.subject().pod_name(member);
  return rows;
}

// What the member holds is asked for: not how well it is reached, nor how fast it catches up, which others
// tell.
LedgerRows LedgerClients::read_patiently(Ordinal member, const std::string& position) {
  const auto began = std::chrono::steady_clock::now();
  std::string former;
  for (;;) {
    LedgerRows rows = read(member, position);
    const bool moves = rows.ok && !rows.caught_up && rows.replication == "running" && rows.position != former;
    if (rows.ok && !moves) return rows;
    if (std::chrono::steady_clock::now() > began + (moves ? kMovesOn : kCatchUp)) return rows;
    stage_.recorder().add(Trouble{
        fmt::format("reading the rows of {} again: {}", rows.member,
                    moves ? fmt::format("it is at position {}, and has to reach {}", rows.position, position)
                          : rows.note)});
    former = rows.position;
    stage_.pause(kReadAgain);
  }
}

void LedgerClients::verify(std::string_view after, const std::vector<Ordinal>& members) {
  steps::Verify step{.after = std::string{after}};
  for (const Ordinal member : members) step.ordinals.push_back(member.value);
  signal("USR1");
  stage_.step(
      steps::Rest{}, "the writers are paused", [] {},
      [](const View& view) {
        return Standing{!view.ledger.writers.empty() && view.ledger.resting == view.ledger.writers,
                        fmt::format("{} of {} writers are paused", view.ledger.resting.size(),
                                    view.ledger.writers.size()),
                        {}};
      },
      kRest);
  stage_.begin(step, fmt::format("every row of {} members after {}", members.size(), after));
  std::string position;
  std::string untold;
  for (const Ordinal member : members) {
    // Read as it happens to be, a replica that is behind would look like one that lost rows.
    LedgerRows rows;
    if (untold.empty()) {
      rows = read_patiently(member, position);
    } else {
      rows.member = stage_.subject().pod_name(member);
      rows.note = "the position that it has to reach is unknown: " + untold;
    }
    if (member == members.front()) {
      position = rows.position;
      if (!rows.ok) untold = fmt::format("{} could not be read: {}", rows.member, rows.note);
    }
    stage_.recorder().add(std::move(rows));
  }
  stage_.end(step, Step::Phase::kReached, "read");
  signal("USR2");
}

}  // namespace stateproof::scenarios
