#include "suites/scenarios/clients/record_clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/kube/backoff.h"
#include "harness/kube/exec.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/insides.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::scenarios {
namespace {

using namespace std::chrono_literals;
using workload::Contract;

/// Between two writes of one writer: enough to see a gap, and little beside what the workload itself does.
constexpr auto kPace = 100ms;
/// Until a pod is looked for again that can take a write.
constexpr auto kLookAgain = 500ms;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

// The shell's own commands alone. It reads "RECORD NUMBER" and answers "RECORD EXIT-CODE LAST-LINE". What the
// command says goes through a variable, so that a server that answers much fills no disk.
constexpr const char* kWriteLoop =
    R"(while read -r RECORD NUMBER; do export RECORD NUMBER; said=$(eval "$0" 2>&1 </dev/null); code=$?; )"
    R"(said=${said##*
}; printf '%s %s %s\n' "$RECORD" "$code" "$said"; done)";

struct Told {
  std::string record;
  int code = -1;
  std::string said;
};

Told told_by(const std::string& line) {
  Told told;
  const std::size_t first = line.find(' ');
  if (first == std::string::npos) return told;
  const std::size_t second = std::min(line.find(' ', first + 1), line.size());
  told.record = line.substr(0, first);
  if (std::from_chars(line.data() + first + 1, line.data() + second, told.code).ec != std::errc{})
    told.code = -1;
  if (second + 1 < line.size()) told.said = line.substr(second + 1);
  return told;
}

bool cannot_be_run(int code) { return code == kNotExecutable || code == kNotFound; }

}  // namespace

/// One client, on a thread of its own. It writes to one pod at a time.
class RecordClients::Writer {
 public:
  Writer(RecordClients& clients, int id, std::optional<Ordinal> home)
      : clients_(clients),
        stage_(clients.stage_),
        contract_(clients.contract_),
        id_(id),
        home_(home),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void request_stop() { thread_.request_stop(); }
  [[nodiscard]] int id() const { return id_; }
  /// Guarded by the clients' mutex, as what follows.
  [[nodiscard]] bool idle() const { return idle_; }
  [[nodiscard]] bool was_acknowledged() const { return acknowledged_ > 0; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] int last_code() const { return last_code_; }

 private:
  /// A stream to the loop in one pod.
  struct Line {
    Uid pod;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<Told> answer;
    std::optional<std::string> end;
    std::unique_ptr<kube::ExecStream> stream;  // last: its thread uses the rest
  };

  void run(const std::stop_token& stop) {
    while (await_turn(stop)) {
      if (!connected() && !connect()) {
        kube::pause(kLookAgain, stop);
        continue;
      }
      write(stop);
      kube::pause(kPace, stop);
    }
    line_.reset();
    set_idle(true);
  }

  void set_idle(bool idle) {
    const std::scoped_lock lock(clients_.mutex_);
    if (idle_ == idle) return;
    idle_ = idle;
    clients_.changed_.notify_all();
  }

  /// False: it is over.
  bool await_turn(const std::stop_token& stop) {
    std::unique_lock lock(clients_.mutex_);
    if (clients_.resting_ && !idle_) {
      idle_ = true;
      clients_.changed_.notify_all();
    }
    clients_.changed_.wait(lock, stop, [&] { return !clients_.resting_; });
    idle_ = stop.stop_requested() && idle_;
    return !stop.stop_requested();
  }

  /// Whether the pod that is written to is still there.
  [[nodiscard]] bool connected() const {
    if (!line_) return false;
    const std::scoped_lock lock(line_->mutex);
    return !line_->end;
  }

  void note(const std::string& trouble, int code) {
    const std::scoped_lock lock(clients_.mutex_);
    trouble_ = trouble;
    last_code_ = code;
  }

  [[nodiscard]] std::optional<ObjectRef> target() const {
    const std::string name = home_ ? stage_.subject().pod_name(*home_) : clients_.leader();
    return stage_.recorder().look([&](const record::View& view) -> std::optional<ObjectRef> {
      const auto pod = view.pods.find(name);
      if (pod == view.pods.end() || !pod->second.ready || pod->second.terminating()) return std::nullopt;
      return pod->second.meta.ref;
    });
  }

  bool connect() {
    line_.reset();
    const auto pod = target();
    if (!pod) {
      note("no pod is Ready that takes writes", -1);
      return false;
    }
    auto line = std::make_unique<Line>();
    Line* const to = line.get();
    to->pod = pod->uid;
    kube::ExecRequest request;
    request.pod = {pod->ns, pod->name, stage_.subject().container};
    request.command = {"sh", "-c", kWriteLoop, contract_.write};
    request.wants_input = true;
    auto stream = kube::ExecStream::start(
        stage_.client(), std::move(request),
        {.on_line =
             [to](const std::string& told) {
               const std::scoped_lock lock(to->mutex);
               to->answer = told_by(told);
               to->changed.notify_all();
             },
         .on_end =
             [to](const kube::Result<kube::ExecResult>& end) {
               const std::scoped_lock lock(to->mutex);
               to->end =
                   end ? fmt::format("exit code {} {}", end->exit_code, end->err) : end.error().sentence();
               to->changed.notify_all();
             }});
    if (!stream) {
      note(stream.error().sentence(), -1);
      return false;
    }
    to->stream = std::move(*stream);
    line_ = std::move(line);
    return true;
  }

  void write(const std::stop_token& stop) {
    const std::string record = record_text(id_, next_);
    const Elapsed began = stage_.recorder().elapsed();
    {
      const std::scoped_lock lock(line_->mutex);
      line_->answer.reset();
    }
    const auto sent = line_->stream->write(fmt::format("{} {}\n", record, next_));
    Told told;
    std::string why;
    if (sent) {
      std::unique_lock lock(line_->mutex);
      const bool answered = line_->changed.wait_for(lock, stop, contract_.limits.write, [&] {
        return line_->end || (line_->answer && line_->answer->record == record);
      });
      if (line_->answer && line_->answer->record == record)
        told = *line_->answer;
      else
        why = line_->end ? *line_->end
              : answered ? std::string{}
                         : fmt::format("no answer within {} s", contract_.limits.write.count());
    } else {
      why = sent.error().sentence();
    }
    end_write(began, told, why);
    if (told.code < 0) line_.reset();
  }

  // A command that failed may have had its effect.
  void end_write(Elapsed began, const Told& told, const std::string& why) {
    const bool ok = told.code == 0;
    LedgerWrites writes;
    writes.writer = id_;
    writes.first = next_;
    writes.began = {began};
    writes.took = {stage_.recorder().elapsed() - began};
    writes.ended = static_cast<char>(ok ? WriteOutcome::kOk : WriteOutcome::kUnknown);
    if (!ok)
      writes.note = told.code < 0 ? why
                                  : fmt::format("exit code {}{}{}", told.code, told.said.empty() ? "" : ": ",
                                                told.said);
    const std::string note = writes.note;
    stage_.recorder().add(std::move(writes));
    const std::scoped_lock lock(clients_.mutex_);
    if (ok) {
      ++acknowledged_;
      clients_.acknowledged_.insert({id_, next_});
    }
    trouble_ = note;
    last_code_ = told.code;
    ++next_;
    clients_.changed_.notify_all();
  }

  RecordClients& clients_;
  Stage& stage_;
  const Contract& contract_;
  const int id_;
  const std::optional<Ordinal> home_;  ///< nullopt: whoever leads
  std::int64_t next_ = 1;
  std::int64_t acknowledged_ = 0;
  bool idle_ = false;
  std::string trouble_;
  int last_code_ = 0;
  std::unique_ptr<Line> line_;
  std::jthread thread_;  // last: it uses the rest
};

RecordClients::RecordClients(Stage& stage, const Contract& contract) : stage_(stage), contract_(contract) {}

RecordClients::~RecordClients() { stop(); }

void RecordClients::stop() {
  for (const auto& writer : writers_) writer->request_stop();
  writers_.clear();
}

void RecordClients::start() {
  const Subject& subject = stage_.subject();
  const steps::FirstWrites step;
  stage_.begin(step, "records are written by the command of " + contract_.place_of("write"));
  if (contract_.writers == Contract::Writers::kAll)
    for (const Ordinal ordinal : ordinals(subject.first, subject.replicas))
      writers_.push_back(std::make_unique<Writer>(*this, ordinal.value, ordinal));
  else
    writers_.push_back(std::make_unique<Writer>(*this, 0,
                                                contract_.writers == Contract::Writers::kLeader
                                                    ? std::nullopt
                                                    : std::optional{Ordinal{contract_.writer}}));

  std::unique_lock lock(mutex_);
  const Writer* hopeless = nullptr;
  const auto settled = [&] {
    hopeless = nullptr;
    for (const auto& writer : writers_)
      if (!writer->was_acknowledged() && cannot_be_run(writer->last_code())) hopeless = writer.get();
    return hopeless != nullptr || std::all_of(writers_.begin(), writers_.end(),
                                              [](const auto& writer) { return writer->was_acknowledged(); });
  };
  const bool in_time = changed_.wait_for(lock, stage_.stop(), contract_.limits.recover, settled);
  if (stage_.stop().stop_requested()) throw Interrupted();
  if (in_time && hopeless == nullptr) {
    lock.unlock();
    return stage_.end(step, Step::Phase::kReached, "each writer was acknowledged");
  }
  std::string trouble;
  for (const auto& writer : writers_)
    if (!writer->was_acknowledged() && !writer->trouble().empty()) trouble = writer->trouble();
  lock.unlock();
  const std::string sentence =
      hopeless != nullptr
          ? fmt::format(
                "{}: the write command cannot be run in container {} ({}); correct it, or put the program "
                "into the image.",
                contract_.place_of("write"), subject.container, trouble)
          : fmt::format(
                "{}: no write was acknowledged within {} s ({}); try the command in a pod, or raise "
                "limits.recover.",
                contract_.place_of("write"), contract_.limits.recover.count(), trouble);
  stage_.end(step, Step::Phase::kFailed, sentence);
  throw HarnessTrouble(sentence);
}

void RecordClients::await_service(const std::string& disruption, Ordinal ordinal) {
  const Elapsed since = stage_.recorder().elapsed();
  const record::Within within{contract_.limits.recover, fmt::format("limits.recover of {}", contract_.file)};
  (void)stage_.attempt(
      steps::Recover{.disruption = disruption, .ordinal = ordinal}, "until a write is acknowledged again",
      [] {},
      [since](const record::View& view) {
        const bool again = view.ledger.last_acknowledged > since;
        return record::Standing{again,
                                again ? "a write was acknowledged"
                                      : "no write acknowledged; last error: " + view.ledger.last_error,
                                {}};
      },
      within);
}

void RecordClients::rest() {
  std::unique_lock lock(mutex_);
  resting_ = true;
  changed_.notify_all();
  // Each write has a limit of its own.
  changed_.wait(lock, stage_.stop(), [&] {
    return std::all_of(writers_.begin(), writers_.end(), [](const auto& writer) { return writer->idle(); });
  });
  if (stage_.stop().stop_requested()) throw Interrupted();
}

void RecordClients::verify(const std::string& after, const std::vector<Ordinal>& members) {
  rest();
  for (const auto& writer : writers_) stage_.recorder().add(LedgerState{"rest", writer->id()});
  steps::Verify step{.after = after};
  for (const Ordinal ordinal : members) step.ordinals.push_back(ordinal.value);
  stage_.begin(step, fmt::format("every record of {} members", members.size()));
  const auto until = std::chrono::steady_clock::now() + contract_.limits.read;
  for (const Ordinal ordinal : members) stage_.recorder().add(read_patiently(ordinal, until));
  stage_.end(step, Step::Phase::kReached, "read");
  const std::scoped_lock lock(mutex_);
  resting_ = false;
  changed_.notify_all();
}

LedgerRows RecordClients::read(Ordinal member) const {
  const std::string pod = stage_.subject().pod_name(member);
  const auto printed = run_inside(stage_, pod, {"sh", "-c", contract_.read});
  LedgerRows rows;
  if (printed) {
    auto found = rows_of_records(*printed);
    if (!found)
      throw HarnessTrouble(
          fmt::format("{}: read printed a line in pod {} that is no record, \"{}\"; it must print each "
                      "$RECORD as it was written, "
                      "one a line, and nothing else.",
                      contract_.place_of("read"), pod, found.error()));
    rows = std::move(*found);
  } else {
    rows.note = printed.error();
  }
  rows.member = pod;
  if (!contract_.position.empty())
    if (const auto position = run_inside(stage_, pod, {"sh", "-c", contract_.position}))
      rows.position = position->substr(0, position->find('\n'));
  return rows;
}

LedgerRows RecordClients::read_patiently(Ordinal member, std::chrono::steady_clock::time_point until) {
  std::set<Record> expected;
  {
    const std::scoped_lock lock(mutex_);
    for (const Record& record : acknowledged_)
      if (!contract_.own_records || record.writer == member.value) expected.insert(record);
  }
  while (true) {
    LedgerRows rows = read(member);
    std::set<Record> missing = rows.ok ? lacking(rows, expected) : std::set<Record>{};
    std::set<Record>& given_up = given_up_[member];
    const bool whole =
        rows.ok && std::includes(given_up.begin(), given_up.end(), missing.begin(), missing.end());
    if (whole || contract_.volatile_data) return rows;
    if (std::chrono::steady_clock::now() > until) {
      given_up.merge(missing);
      return rows;
    }
    stage_.pause(kReadAgain);
    if (stage_.stop().stop_requested()) throw Interrupted();
  }
}

std::string RecordClients::leader() const {
  const Subject& subject = stage_.subject();
  const std::vector<std::string> ready = stage_.recorder().look([&](const record::View& view) {
    std::vector<std::string> names;
    for (const auto& [name, pod] : view.pods)
      if (pod.ready && !pod.terminating() && ordinal_of(name, subject.set)) names.push_back(name);
    return names;
  });
  for (const std::string& pod : ready) {
    const auto told = run_inside(stage_, pod, {"sh", "-c", contract_.leader});
    if (!told) continue;
    const std::string name = told->substr(0, told->find_first_of(" \r\n."));
    if (name.empty()) continue;
    const bool is_number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    return is_number ? subject.set + "-" + name : name;
  }
  return {};
}

}  // namespace stateproof::scenarios
