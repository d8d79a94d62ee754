#include "suites/mutants/mutants.h"

#include <algorithm>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"

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

}  // namespace

const std::vector<Mutant>& all() {
  static const std::vector<Mutant> mutants{
      {"parallel-creation", "podManagementPolicy Parallel", "ordered-creation", "ORD-01", "write",
       start_all_at_once},
      {"cluster-ip-service", "governing Service with a cluster IP", "stable-dns", "DNS-08", "write",
       give_cluster_ip},
      {"shared-claim", "one claim shared by all pods", "claim-binding", "STO-01", "write", share_one_claim},
      {"empty-dir", "emptyDir for the data", "data-survival", "STO-04", "read", keep_data_in_the_pod},
      {"retention-delete", "retention policy whenScaled: Delete", "claim-retention", "RET-02", "scale-down",
       delete_claims_on_scale_down},
      {"halting-parallel", "podManagementPolicy Parallel, with pods that are held unready", "creation-halts",
       "ORD-02", "hold-creation", start_all_at_once},
      {"parallel-in-order", "podManagementPolicy OrderedReady where Parallel is wanted", "parallel-creation",
       "ORD-05a", "create", start_in_order},
      {"empty-budget", "a PodDisruptionBudget that demands nothing", "eviction-refused", "DIS-01b",
       "evict-beyond", demand_nothing},
      {"contrast-shared-claim", "a StatefulSet whose pods share the Deployment's claim", "contrast-storage",
       "DPL-05", "replace-loose", share_the_deployments_claim},
      {"contrast-host-names", "a Deployment whose template gives a host name", "contrast-host-names",
       "DPL-04", "replace-loose", give_the_deployment_a_host_name},
  };
  return mutants;
}

const Mutant* find(std::string_view name) {
  const auto found =
      std::find_if(all().begin(), all().end(), [&](const Mutant& mutant) { return mutant.name == name; });
  return found == all().end() ? nullptr : &*found;
}

}  // namespace stateproof::mutants
