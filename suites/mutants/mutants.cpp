#include "suites/mutants/mutants.h"

#include <algorithm>
#include <stdexcept>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/mutants/interference.h"

namespace stateproof::mutants {
namespace {

using fixtures::MariaDb;
using fixtures::object_of_kind;
using nlohmann::json;

json& set_spec(std::vector<json>& objects) { return object_of_kind(objects, "StatefulSet").at("spec"); }

// Takes the claim template away and gives the pods another volume of the same name.
void replace_volume(std::vector<json>& objects, json volume) {
  json& spec = set_spec(objects);
  spec.erase("volumeClaimTemplates");
  volume["name"] = MariaDb::kClaimTemplate;
  spec["template"]["spec"]["volumes"].push_back(std::move(volume));
}

void start_all_at_once(std::vector<json>& objects) { set_spec(objects)["podManagementPolicy"] = "Parallel"; }

void give_cluster_ip(std::vector<json>& objects) {
  object_of_kind(objects, "Service")["spec"].erase("clusterIP");
}

// Each member has a folder of its own in it, or the second database would not start on the first one's files.
void share_one_claim(std::vector<json>& objects) {
  const json template_ = set_spec(objects)["volumeClaimTemplates"][0];
  replace_volume(objects, {{"persistentVolumeClaim", {{"claimName", "shared"}}}});
  json& container = set_spec(objects)["template"]["spec"]["containers"][0];
  container["env"].push_back(
      {{"name", "POD_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}});
  container["volumeMounts"][0]["subPathExpr"] = "$(POD_NAME)";
  objects.insert(objects.begin(), json{{"apiVersion", "v1"},
                                       {"kind", "PersistentVolumeClaim"},
                                       {"metadata", {{"name", "shared"}}},
                                       {"spec", template_.at("spec")}});
}

void keep_data_in_the_pod(std::vector<json>& objects) {
  replace_volume(objects, {{"emptyDir", json::object()}});
}

void delete_claims_on_scale_down(std::vector<json>& objects) {
  set_spec(objects)["persistentVolumeClaimRetentionPolicy"] = {{"whenScaled", "Delete"},
                                                               {"whenDeleted", "Retain"}};
}

void start_in_order(std::vector<json>& objects) { set_spec(objects).erase("podManagementPolicy"); }

// Scenarios create their objects in portions, and each portion comes by here.
void demand_nothing(std::vector<json>& objects) {
  for (json& object : objects)
    if (object.at("kind") == "PodDisruptionBudget") object["spec"]["minAvailable"] = 0;
}

void share_the_deployments_claim(std::vector<json>& objects) {
  json& spec = set_spec(objects);
  spec.erase("volumeClaimTemplates");
  spec["template"]["spec"]["volumes"] =
      object_of_kind(objects, "Deployment")["spec"]["template"]["spec"]["volumes"];
}

void give_the_deployment_a_host_name(std::vector<json>& objects) {
  json& pods = object_of_kind(objects, "Deployment")["spec"]["template"]["spec"];
  pods["hostname"] = "somebody";
  pods["subdomain"] = fixtures::kLoose;
}

void lead_to_one_pod_only(std::vector<json>& objects) {
  object_of_kind(objects, "Service")["spec"]["selector"] = {
      {"statefulset.kubernetes.io/pod-name", std::string{fixtures::Sleeper::kName} + "-0"}};
}

void take_the_ports_name(std::vector<json>& objects) {
  object_of_kind(objects, "Service")["spec"]["ports"][0].erase("name");
}

void publish_the_unready(std::vector<json>& objects) {
  object_of_kind(objects, "Service")["spec"]["publishNotReadyAddresses"] = true;
}

void publish_the_ready_only(std::vector<json>& objects) {
  for (json& object : objects) object["spec"].erase("publishNotReadyAddresses");
}

// The database and its clients come in portions of their own.
json* object_named(std::vector<json>& objects, std::string_view kind, std::string_view name) {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const json& object) {
    return object.at("kind") == kind && object.at("metadata").at("name") == name;
  });
  return found == objects.end() ? nullptr : &*found;
}

void replace_in_start(std::vector<json>& objects, const std::string& text, const std::string& by) {
  json* role = object_named(objects, "ConfigMap", "mariadb-role");
  if (role == nullptr) return;
  std::string script = (*role)["data"]["start.sh"];
  const auto at = script.find(text);
  if (at == std::string::npos) throw std::logic_error("the script that decides on the role has no " + text);
  (*role)["data"]["start.sh"] = script.replace(at, text.size(), by);
}

void keep_replicated_data_in_the_pod(std::vector<json>& objects) {
  if (object_named(objects, "StatefulSet", MariaDb::kSet) != nullptr) keep_data_in_the_pod(objects);
}

void flush_when_it_suits(std::vector<json>& objects) {
  replace_in_start(objects, "--sync-binlog=1", "--sync-binlog=0");
  replace_in_start(objects, "${FLUSH_LOG:-1}", "0");
}

void take_the_replication_user(std::vector<json>& objects) {
  replace_in_start(
      objects, "export MARIADB_MASTER_HOST=", "export MARIADB_REPLICATION_USER=nobody MARIADB_MASTER_HOST=");
}

void let_replicas_write(std::vector<json>& objects) {
  replace_in_start(objects, "--read-only=1", "--read-only=0");
}

void share_the_server_id(std::vector<json>& objects) {
  replace_in_start(objects, "$((100 + ordinal))", "$((100 + (ordinal > 0)))");
}

void delete_rows_in_secret(std::vector<json>& objects) {
  replace_in_start(objects, "--gtid-strict-mode=1", "--gtid-strict-mode=1 --event-scheduler=on");
  if (json* role = object_named(objects, "ConfigMap", "mariadb-role"); role != nullptr)
    (*role)["data"]["10-grant.sh"] =
        (*role)["data"]["10-grant.sh"].get<std::string>() +
        "\nif [ -z \"${MARIADB_MASTER_HOST:-}\" ]; then\n"
        "echo 'CREATE EVENT stateproof.sweep ON SCHEDULE EVERY 1 SECOND DO "
        "DELETE FROM stateproof.ledger WHERE number = 50;' | docker_process_sql --database=mysql\nfi\n";
}

void acknowledge_early(std::vector<json>& objects) {
  if (json* ledger = object_named(objects, "StatefulSet", "ledger"); ledger != nullptr)
    (*ledger)["spec"]["template"]["spec"]["containers"][0]["env"].push_back(
        {{"name", "LEDGER_ACKNOWLEDGES_EARLY"}, {"value", "1"}});
}

void replay_instead_of_copying(std::vector<json>& objects) {
  json* set = object_named(objects, "StatefulSet", MariaDb::kSet);
  if (set == nullptr) return;
  for (json& variable : (*set)["spec"]["template"]["spec"]["containers"][0]["env"])
    if (variable.at("name") == "CLONE") variable["value"] = "no";
}

void be_governed_by_nobody(std::vector<json>& objects) { set_spec(objects)["serviceName"] = "nobody"; }

Mutant interfering(std::string_view name, std::string_view title, std::string_view promise,
                   std::string_view requirement, void (*interfere)(scenarios::Stage&)) {
  return {.name = name,
          .title = title,
          .promise = promise,
          .requirement = requirement,
          .until = steps::Upgrade::name,
          .mutate = nullptr,
          .interfere = interfere};
}

}  // namespace

const std::vector<Mutant>& all() {
  static const std::vector<Mutant> mutants{
      {"parallel-creation", "podManagementPolicy Parallel", "ordered-creation", "ORD-01", steps::Write::name,
       start_all_at_once},
      {"cluster-ip-service", "governing Service with a cluster IP", "stable-dns", "DNS-08",
       steps::Write::name, give_cluster_ip},
      {"shared-claim", "one claim shared by all pods", "claim-binding", "STO-01", steps::Write::name,
       share_one_claim},
      {"empty-dir", "emptyDir for the data", "data-survival", "STO-04", steps::Read::name,
       keep_data_in_the_pod},
      {"retention-delete", "retention policy whenScaled: Delete", "claim-retention", "RET-02",
       steps::ScaleDown::name, delete_claims_on_scale_down},
      {"halting-parallel", "podManagementPolicy Parallel, with pods that are kept unready", "creation-halts",
       "ORD-02", steps::HoldCreation::name, start_all_at_once},
      {"parallel-in-order", "podManagementPolicy OrderedReady instead of Parallel", "parallel-creation",
       "ORD-05a", steps::Create::name, start_in_order},
      {"empty-budget", "a PodDisruptionBudget that protects nothing", "eviction-refused", "DIS-01b",
       steps::EvictBeyond::name, demand_nothing},
      {"contrast-shared-claim", "a StatefulSet whose pods share the Deployment's claim", "contrast-storage",
       "DPL-05", steps::ReplaceLoose::name, share_the_deployments_claim},
      {"contrast-host-names", "a Deployment whose template sets a host name", "contrast-host-names", "DPL-04",
       steps::ReplaceLoose::name, give_the_deployment_a_host_name},
      {"contrast-at-once", "podManagementPolicy Parallel beside a Deployment", "contrast-deletion", "DPL-06a",
       steps::LetEnd::name, start_all_at_once},
      {"one-pod-service", "a Service that selects the first pod only", "dns-service-records", "DNS-01",
       steps::Resolve::name, lead_to_one_pod_only},
      {"unnamed-port", "a Service whose port has no name", "dns-srv", "DNS-03", steps::Resolve::name,
       take_the_ports_name},
      {"published-unready", "publishNotReadyAddresses on the governing Service", "dns-unready-leaves",
       "DNS-05a", steps::NoEndpoint::name, publish_the_unready},
      {"unpublished-unready", "a Service that lacks publishNotReadyAddresses", "dns-unready-published",
       "DNS-05b", steps::NoEndpoint::name, publish_the_ready_only},
      {"unknown-service", "a set whose serviceName names no Service", "dns-short-names", "DNS-09",
       steps::Resolve::name, be_governed_by_nobody},
      {"volatile-primary", "emptyDir for the data of a replicated database", "rows-outlive-replacement",
       "STO-04b", steps::Verify::name, keep_replicated_data_in_the_pod, "delete-primary"},
      {"careless-flush", "innodb_flush_log_at_trx_commit=0 and sync_binlog=0", "rows-outlive-kills", "DIS-03",
       steps::Verify::name, flush_when_it_suits, "kill-primary"},
      {"unfollowed-primary", "replicas with a replication user that does not exist", "replicas-follow",
       "RPL-02", steps::Verify::name, take_the_replication_user, "delete-replica"},
      {"writable-replica", "replicas that accept writes", "replicas-follow", "RPL-02", steps::Verify::name,
       let_replicas_write, "delete-replica"},
      {"shared-server-id", "two replicas with one server id", "replicas-follow", "RPL-02",
       steps::Verify::name, share_the_server_id, "delete-replica"},
      {"deleting-event", "an event of the database that deletes a row", "acknowledged-rows", "RPL-01",
       steps::Verify::name, delete_rows_in_secret, "delete-replica"},
      {"early-acknowledgement", "a client that counts writes as acknowledged before they are committed",
       "acknowledged-rows", "RPL-01", steps::Verify::name, acknowledge_early, "kill-primary"},
      {.name = "replicas-without-copy",
       .title = "new replicas depend on binary logs that the primary purged",
       .promise = "late-replicas",
       .requirement = "SCL-03b",
       .until = {},
       .mutate = replay_instead_of_copying},
      {.name = "rows-deleted-meanwhile",
       .title = "rows are deleted while the harness is dead",
       .promise = "acknowledged-rows",
       .requirement = "RPL-01",
       .until = {},
       .mutate = nullptr,
       .disruption = "delete-replica",
       .interfere = delete_first_rows,
       .killed_at = steps::Recover::name},
      interfering("touched-templates", "every pod template is annotated during the upgrade",
                  "upgrade-leaves-sets", "UPG-02", touch_templates),
      interfering("hand-deleted-pod", "a pod is deleted by hand during the upgrade", "upgrade-leaves-pods",
                  "UPG-01", delete_a_pod_by_hand),
      interfering("changed-default", "a field of a set is changed during the upgrade", "upgrade-leaves-sets",
                  "UPG-02", change_a_default),
      interfering("recreated-claim", "a claim is deleted and recreated", "upgrade-keeps-identities", "UPG-04",
                  make_a_claim_anew),
      interfering("restarted-database", "a database is restarted in its pod", "upgrade-leaves-pods", "UPG-01",
                  restart_a_database),
      interfering("dns-outage", "the database's names do not resolve for longer than the budget",
                  "upgrade-within-budget", "UPG-03b", take_the_names_away),
  };
  return mutants;
}

const Mutant* find(std::string_view name) {
  const auto found =
      std::find_if(all().begin(), all().end(), [&](const Mutant& mutant) { return mutant.name == name; });
  return found == all().end() ? nullptr : &*found;
}

}  // namespace stateproof::mutants
