#include "suites/scenarios/clients/members.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "fixtures/probe/binary.h"
#include "harness/kube/exec.h"
#include "harness/kube/port_forward.h"
#include "harness/model/schema.h"
#include "harness/sql/session.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/clients/payload.h"

namespace stateproof::scenarios {
namespace {

using fixtures::MariaDb;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kRowsPerBatch = 100;
constexpr std::size_t kPayloadBytes = 1024;
constexpr int kConnectAttempts =
    20;  // a Ready member accepts at once; the API server's path may need a second try
constexpr auto kBetweenAttempts = 500ms;
constexpr unsigned kNoSuchTable = 1146;
constexpr unsigned kUnknownDatabase = 1049;

struct Connection {
  std::unique_ptr<kube::PortForward> forward;
  sql::Session session;
};

tl::expected<Connection, std::string> connect_once(const kube::Client& client, const kube::PodRef& pod,
                                                   const fixtures::Passwords& passwords) {
  auto forward = kube::PortForward::open(client, pod, MariaDb::kPort);
  if (!forward) return tl::make_unexpected(forward.error().sentence());
  auto session = sql::Session::connect({.unix_socket = (*forward)->socket_path(),
                                        .user = MariaDb::kUser,
                                        .password = sql::Password{passwords.user},
                                        .database = MariaDb::kDatabase});
  if (!session)
    return tl::make_unexpected(fmt::format("{} {}", session.error().sentence(), (*forward)->last_error()));
  return Connection{std::move(*forward), std::move(*session)};
}

tl::expected<Connection, std::string> connect(const Stage& stage, const kube::PodRef& pod,
                                              const fixtures::Passwords& passwords) {
  tl::expected<Connection, std::string> connection = tl::make_unexpected(std::string{});
  for (int attempt = 0; attempt < kConnectAttempts; ++attempt) {
    if (attempt > 0) stage.pause(kBetweenAttempts);
    connection = connect_once(stage.client(), pod, passwords);
    if (connection) break;
  }
  return connection;
}

tl::expected<std::uint64_t, sql::SqlError> insert(sql::Session& session, const std::vector<Row>& rows) {
  const auto created = session.execute(
      "CREATE TABLE IF NOT EXISTS lifecycle_rows (id BIGINT AUTO_INCREMENT PRIMARY KEY, row_key VARCHAR(64) "
      "NOT NULL, "
      "payload TEXT NOT NULL)");
  if (!created) return created;
  std::vector<std::vector<sql::Value>> values;
  for (const Row& row : rows) values.push_back({row.key, payload_of(row.key, kPayloadBytes)});
  return session.execute_batch("INSERT INTO lifecycle_rows (row_key, payload) VALUES (?, ?)", values);
}

void select_all(sql::Session& session, SqlOperation& operation) {
  const auto found = session.query("SELECT row_key, payload FROM lifecycle_rows ORDER BY id");
  if (!found) {
    // A database without the table has answered: it holds no row.
    const bool empty = found.error().code == kNoSuchTable || found.error().code == kUnknownDatabase;
    operation.outcome = empty ? SqlOperation::Outcome::kOk : SqlOperation::Outcome::kFailed;
    operation.note = found.error().sentence();
    return;
  }
  for (const sql::Row& row : found->rows)
    operation.rows.push_back({row.at(0).value_or(""), sha256_hex(row.at(1).value_or(""))});
}

// The incarnation that is spoken to: the one that the watch shows at present.
Uid pod_uid(Stage& stage, const std::string& name) {
  return stage.recorder().look([&](const record::View& view) {
    const auto pod = view.pods.find(name);
    return pod == view.pods.end() ? Uid{} : pod->second.meta.ref.uid;
  });
}

template <class Work>
void operate(Stage& stage, const fixtures::Passwords& passwords, SqlOperation operation, Work work) {
  operation.pod = pod_uid(stage, operation.member);
  operation.began = stage.recorder().elapsed();
  auto connection = connect(stage, {stage.subject().ns, operation.member, MariaDb::kContainer}, passwords);
  if (connection) {
    work(connection->session, operation);
  } else {
    operation.outcome = SqlOperation::Outcome::kFailed;
    operation.note = connection.error();
  }
  operation.ended = stage.recorder().elapsed();
  stage.recorder().add(std::move(operation));
}

}  // namespace

void Members::write_rows(Ordinal ordinal) {
  SqlOperation operation;
  operation.kind = SqlOperation::Kind::kWrite;
  operation.member = stage_.subject().pod_name(ordinal);
  ++batch_;
  for (int i = 0; i < kRowsPerBatch; ++i) {
    const std::string key = fmt::format("{}/{}/{}/{}", stage_.request().run, operation.member, batch_, i);
    operation.rows.push_back({key, sha256_hex(payload_of(key, kPayloadBytes))});
  }
  operate(stage_, passwords_, std::move(operation), [](sql::Session& session, SqlOperation& write) {
    const auto inserted = insert(session, write.rows);
    if (inserted) return;
    write.outcome =
        inserted.error().outcome_unknown ? SqlOperation::Outcome::kUnknown : SqlOperation::Outcome::kFailed;
    write.note = inserted.error().sentence();
  });
}

void Members::read_rows(Ordinal ordinal) {
  SqlOperation operation;
  operation.kind = SqlOperation::Kind::kRead;
  operation.member = stage_.subject().pod_name(ordinal);
  operate(stage_, passwords_, std::move(operation), select_all);
}

void Members::look_at_mount(Ordinal ordinal) {
  const Subject& subject = stage_.subject();
  const std::string member = subject.pod_name(ordinal);
  const std::string_view probe = fixtures::probe_binary();
  const Uid uid = pod_uid(stage_, member);
  const auto looked =
      kube::exec(stage_.client(),
                 {.pod = {subject.ns, member, subject.container},
                  .command = {"sh", "-c",
                              fmt::format("{} && {} mount {}", install_command(probe.size(), kProbePath),
                                          kProbePath, subject.mount_path)},
                  .input = std::string{probe},
                  .stop = stage_.stop()});
  MountSeen mount;
  mount.member = member;
  mount.pod = uid;
  mount.path = subject.mount_path;
  try {
    if (!looked) throw Unfit(looked.error().sentence());
    const json answer = schema::parse(looked->out);
    json told;
    schema::Reader{answer}("mount", told);
    const schema::Reader field(told);
    field.optional("present", mount.present);
    field.optional("root", mount.root);
    field.optional("source", mount.source);
    field.optional("fstype", mount.fs_type);
    stage_.recorder().add(std::move(mount));
  } catch (const Unfit& why) {
    stage_.recorder().add(Trouble{fmt::format("the mount table of {} cannot be read ({}){}", member,
                                              why.what(), looked ? ": " + looked->out + looked->err : "")});
  }
}

}  // namespace stateproof::scenarios
