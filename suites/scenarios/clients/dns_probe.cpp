#include "suites/scenarios/clients/dns_probe.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "fixtures/probe/binary.h"
#include "fixtures/probe/resolv_conf.h"
#include "harness/model/schema.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// Questions come so close that the lag is known to a tenth of a second; they cost one UDP packet each.
constexpr const char* kInterval = "100";
// Unchanged answers are summed up so often that the end of a stretch is known to a second.
constexpr const char* kHeartbeat = "1000";

/// Throws Unfit when the line tells of none.
void take_answer(const std::string& line, DnsAnswer& answer) {
  const json parsed = schema::parse(line);
  json dns;
  schema::Reader{parsed}("dns", dns);
  const schema::Reader told(dns);
  told.optional("name", answer.name);
  told.optional("type", answer.type);
  told.optional("server", answer.server);
  told.optional("rcode", answer.rcode);
  told.optional("addresses", answer.addresses);
  told.optional("ttl", answer.ttl);
  told.optional("changed", answer.changed);
  told.optional("queries", answer.queries);
  told.optional("records", answer.records);
  told.optional("replica", answer.replica);
}

void install(const kube::Client& client, const kube::PodRef& pod) {
  const std::string_view binary = fixtures::probe_binary();
  const auto installed =
      kube::exec(client, {.pod = pod,
                          .command = {"sh", "-c", install_command(binary.size(), kProbePath)},
                          .input = std::string{binary},
                          .stop = {}});
  if (!installed) throw HarnessTrouble(installed.error().sentence());
  if (installed->exit_code != 0)
    throw HarnessTrouble(
        fmt::format("The DNS probe cannot be copied into pod {}/{} ({}); its image must contain sh and head, "
                    "and /tmp must be writable.",
                    pod.ns, pod.name, installed->err));
}

/// No name would be found, and the DNS be blamed for it.
void check_domain(const kube::Client& client, const kube::PodRef& pod, const std::string& expected) {
  const auto read = kube::exec(client, {.pod = pod, .command = {"cat", "/etc/resolv.conf"}, .stop = {}});
  if (!read) throw HarnessTrouble(read.error().sentence());
  const std::string found = probe::cluster_domain_of(probe::parse_resolv_conf(read->out));
  if (found == expected || !probe::is_domain(found)) return;
  throw HarnessTrouble(
      fmt::format("The pods of this cluster look names up in {}, and not in {}; pass --cluster-domain {}.",
                  found, expected, found));
}

}  // namespace

std::string install_command(std::size_t bytes, const std::string& path) {
  return fmt::format("head -c {} > {} && chmod 700 {}", bytes, path, path);
}

DnsProbe::DnsProbe(Stage& stage, const std::string& ns, const std::string& pod)
    : stage_(stage), vantage_(ns + "/" + pod) {
  const kube::PodRef ref{ns, pod, {}};
  check_domain(stage.client(), ref, stage.subject().zone);
  install(stage.client(), ref);
  kube::ExecRequest request;
  request.pod = ref;
  request.command = {kProbePath, "dns", "--interval-ms", kInterval, "--heartbeat-ms", kHeartbeat};
  request.wants_input = true;
  request.limit = 24h;
  auto stream = kube::ExecStream::start(
      stage.client(), std::move(request),
      {.on_line = [this](const std::string& line) { on_line(line); },
       .on_end =
           [this](const kube::Result<kube::ExecResult>& end) {
             stage_.recorder().add(Trouble{fmt::format(
                 "the DNS probe in {} ended: {}", vantage_,
                 end ? fmt::format("exit code {} {}", end->exit_code, end->err) : end.error().sentence())});
           }});
  if (!stream) throw HarnessTrouble(stream.error().sentence());
  stream_ = std::move(*stream);
}

void DnsProbe::ask_for(const std::string& name, const std::string& type, const std::string& server) {
  order(fmt::format("add {} {} {}", name, type, server));
}

void DnsProbe::ask_for_pod(Ordinal ordinal) {
  const auto types = stage_.recorder().look(
      [this](const record::View& view) { return record_types(view, stage_.subject()); });
  for (const std::string& type : types) ask_for(stage_.subject().dns_name(ordinal), type);
}

void DnsProbe::search_for(const std::string& name, const std::string& type) {
  order(fmt::format("search {} {}", name, type));
}

void DnsProbe::order(const std::string& line) {
  if (auto written = stream_->write(line + "\n"); !written) throw HarnessTrouble(written.error().sentence());
}

void DnsProbe::on_line(const std::string& line) {
  DnsAnswer answer;
  answer.vantage = vantage_;
  try {
    take_answer(line, answer);
    stage_.recorder().add(std::move(answer));
  } catch (const Unfit& why) {
    stage_.recorder().add(Trouble{
        fmt::format("output of the DNS probe in {} ({}): {}", vantage_, why.what(), line.substr(0, 200))});
  }
}

}  // namespace stateproof::scenarios
