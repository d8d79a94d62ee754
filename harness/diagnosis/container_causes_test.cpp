// Containers: images, configuration, hooks, probes, ends and gates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/testing/shop.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kEarlier;
using testing::kJustNow;
using ::testing::Not;
using testing::object;
using testing::Shop;

/// web-0 is given to its node and its container is in this state; web-1 does not exist yet.
Shop contained(const json& status) {
  Shop shop;
  shop.forget_last();
  shop.contain(0, status);
  return shop;
}

json waiting(const char* reason, const char* message = "") {
  return {{"ready", false}, {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}};
}

json running_unready() { return {{"ready", false}, {"state", {{"running", {{"startedAt", kEarlier}}}}}}; }

json looping(int exit_code = 1, const char* reason = "Error") {
  return {{"ready", false},
          {"restartCount", 4},
          {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
          {"lastState",
           {{"terminated", {{"reason", reason}, {"exitCode", exit_code}, {"finishedAt", kEarlier}}}}}};
}

TEST(Containers, TellAPullSecretThatIsMissingBeforeTheImage) {
  Shop shop = contained(waiting("ImagePullBackOff"));
  shop.pod(0)["spec"]["imagePullSecrets"] = {{{"name", "registry-login"}}};
  EXPECT_THAT(shop.ids(), ElementsAre("image-not-pulled"));
  shop.tell("Pod", "web-0", "FailedToRetrieveImagePullSecret",
            "Unable to retrieve some image pull secrets (registry-login); attempting to pull the image may "
            "not succeed.");
  ASSERT_THAT(shop.ids(), ElementsAre("pull-secret-missing"));
  EXPECT_THAT(shop.first().cause, HasSubstr("imagePullSecret registry-login does not exist"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("create secret docker-registry registry-login"));
}

TEST(Containers, TellAKeyThatIsMissingFromASecretThatIsThere) {
  Shop shop = contained(
      waiting("CreateContainerConfigError", "couldn't find key root-password in Secret shop/db-auth"));
  ASSERT_THAT(shop.ids(), ElementsAre("secret-key-missing"));
  EXPECT_EQ(shop.first().cause, "The Secret db-auth has no key root-password.");
  EXPECT_THAT(shop.first().remedy.front().command, Not(HasSubstr("create")));
  Shop config = contained(
      waiting("CreateContainerConfigError", "couldn't find key my.cnf in ConfigMap shop/db-config"));
  EXPECT_THAT(config.ids(), ElementsAre("config-key-missing"));
}

TEST(Containers, TellAHookThatDoesNotEnd) {
  Shop shop = contained(waiting("ContainerCreating"));
  const json hook{{"exec", {{"command", {"sh", "-c", "until getent hosts web-1.web; do sleep 1; done"}}}}};
  shop.pod(0)["spec"]["containers"][0]["lifecycle"]["postStart"] = hook;
  shop.pod_spec()["containers"][0]["lifecycle"]["postStart"] = hook;
  shop.pod(0)["status"]["phase"] = "Pending";
  EXPECT_THAT(shop.ids(), Not(Contains("post-start-hangs")));  // nothing says that it was started
  shop.tell("Pod", "web-0", "Started", "Started container web");
  shop.snapshot.events->back()["involvedObject"]["fieldPath"] = "spec.containers{web}";
  ASSERT_THAT(shop.ids(), ElementsAre("post-start-hangs"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("postStart hook of container web"),
                                        HasSubstr("ContainerCreating"), HasSubstr("OrderedReady")));
  EXPECT_THAT(shop.first().remedy.front().command,
              HasSubstr("/spec/template/spec/containers/0/lifecycle/postStart"));
  EXPECT_THAT(shop.first().waiting, ElementsAre("web-1"));
}

TEST(Containers, TellTheProbeThatKills) {
  Shop shop = contained(looping(137));
  shop.pod(0)["spec"]["containers"][0]["livenessProbe"] = {
      {"exec", {{"command", {"test", "-f", "/tmp/up"}}}}, {"periodSeconds", 2}, {"failureThreshold", 2}};
  EXPECT_THAT(shop.ids(), ElementsAre("container-crashes"));
  shop.tell("Pod", "web-0", "Killing", "Container web failed liveness probe, will be restarted");
  shop.snapshot.logs["shop/web-0/web"] = "starting crash recovery, 4182 transactions to go\n";
  ASSERT_THAT(shop.ids(), ElementsAre("liveness-probe-kills"));
  EXPECT_THAT(shop.first().cause,
              AllOf(HasSubstr("liveness probe"), HasSubstr("killed"), HasSubstr("startupProbe")));
  EXPECT_THAT(shop.first().remedy.front().command, AllOf(HasSubstr("startupProbe"), HasSubstr("/tmp/up")));
  // One that was killed once and is Ready since is well.
  shop.contain(0,
               {{"ready", true}, {"restartCount", 1}, {"state", {{"running", {{"startedAt", kEarlier}}}}}});
  shop.pod(0)["status"]["conditions"] = {
      {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", kJustNow}}};
  EXPECT_THAT(shop.ids(), Not(Contains("liveness-probe-kills")));
}

TEST(Containers, TellThatAProcessBelowTheFirstRanOutOfMemory) {
  Shop shop = contained(looping(137));
  shop.snapshot.logs["shop/web-0/web"] = "Killed\n";
  EXPECT_THAT(shop.ids(), ElementsAre("container-crashes"));  // by whom, nothing shows
  shop.pod(0)["spec"]["containers"][0]["resources"]["limits"]["memory"] = "24Mi";
  ASSERT_THAT(shop.ids(), ElementsAre("out-of-memory"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("24Mi"), HasSubstr("exit code 137")));
  shop.snapshot.logs["shop/web-0/web"] = "stopped by hand\n";
  EXPECT_THAT(shop.ids(), ElementsAre("container-crashes"));
}

TEST(Containers, TellTheStartupProbeThatKills) {
  Shop shop = contained(looping(137));
  shop.pod(0)["spec"]["containers"][0]["startupProbe"] = {{"tcpSocket", {{"port", 3306}}},
                                                          {"periodSeconds", 2}};
  shop.tell("Pod", "web-0", "Killing", "Container web failed startup probe, will be restarted");
  ASSERT_THAT(shop.ids(), ElementsAre("startup-probe-kills"));
  EXPECT_THAT(shop.first().cause, HasSubstr("tcpSocket :3306"));
}

TEST(Containers, TellWhatTheirLastWordsShow) {
  for (const auto& [words, id] :
       {std::pair{"mkdir: cannot create directory '/data/x': Permission denied", "permission-denied"},
        {"bind: Address already in use", "port-in-use"},
        {"InnoDB: Unable to lock ./ibdata1 error: 11", "data-locked"},
        {"FATAL:  lock file \"postmaster.pid\" already exists", "data-locked"},
        {"touch: /data/x: Read-only file system", "file-system-read-only"},
        {"FATAL: database files are incompatible with server", "data-of-other-version"},
        {"initdb: error: directory \"/data\" exists but is not empty", "data-directory-not-empty"},
        {"exec /bin/db: exec format error", "wrong-architecture"},
        {"dial tcp: lookup cache on 10.96.0.10:53: no such host", "peer-unresolved"},
        {"connect ECONNREFUSED: Connection refused", "peer-unreachable"},
        {"something else", "container-crashes"}}) {
    Shop shop = contained(looping());
    shop.snapshot.logs["shop/web-0/web"] = std::string{"begin\n"} + words + "\n";
    ASSERT_THAT(shop.ids(), ElementsAre(id)) << words;
    EXPECT_THAT(shop.first().cause, HasSubstr(words));
  }
}

TEST(Containers, TellWhatAnExitCodeSays) {
  EXPECT_THAT(contained(looping(127)).first().cause, HasSubstr("not found"));
  Shop unstarted = contained(looping(128, "StartError"));
  unstarted.pod(0)["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] =
      "exec: \"msyqld\": executable file not found in $PATH";
  ASSERT_THAT(unstarted.ids(), ElementsAre("container-not-started"));
  EXPECT_THAT(unstarted.first().cause, HasSubstr("msyqld"));
}

TEST(Containers, TellADeadlockOfThoseThatWaitForEachOther) {
  Shop shop = contained(running_unready());
  shop.pod(0)["spec"]["containers"][0]["readinessProbe"] = {
      {"exec", {{"command", {"sh", "-c", "getent hosts web-1.web.shop.svc.cluster.local"}}}},
      {"periodSeconds", 3}};
  ASSERT_THAT(shop.ids(), ElementsAre("bootstrap-deadlock"));
  EXPECT_THAT(shop.first().cause,
              AllOf(HasSubstr("OrderedReady"), HasSubstr("publishNotReadyAddresses"), HasSubstr("web-1")));
  EXPECT_THAT(shop.first().remedy[0].command, HasSubstr("publishNotReadyAddresses"));
  EXPECT_THAT(shop.first().remedy[1].command,
              AllOf(HasSubstr(R"("path":"/spec/podManagementPolicy","value":"Parallel")"),
                    HasSubstr("replace --force --cascade=orphan")));
  // A probe that asks for one that is Ready, or for the pod itself, is no deadlock.
  shop.pod(0)["spec"]["containers"][0]["readinessProbe"]["exec"]["command"][2] = "getent hosts web-0.web";
  EXPECT_THAT(shop.ids(), ElementsAre("probe-fails"));
  shop.pod(0)["spec"]["containers"][0]["readinessProbe"]["exec"]["command"][2] = "test -f web-1-config";
  EXPECT_THAT(shop.ids(), ElementsAre("probe-fails"));
}

TEST(Containers, TellNoDeadlockWhereAllStartAtOnceAndHaveNames) {
  Shop shop;
  shop.set()["spec"]["podManagementPolicy"] = "Parallel";
  shop.service()["spec"]["publishNotReadyAddresses"] = true;
  shop.contain(0, running_unready());
  shop.pod(0)["spec"]["containers"][0]["readinessProbe"] = {
      {"exec", {{"command", {"getent", "hosts", "web-1.web"}}}}, {"periodSeconds", 3}};
  EXPECT_THAT(shop.ids(), ElementsAre("probe-fails"));
}

TEST(Containers, TellAServiceThatHasNoAddressBeforeAnybodyIsReady) {
  Shop shop = contained(looping());
  shop.snapshot.logs["shop/web-0/web"] = "FATAL: lookup web.shop.svc.cluster.local: no such host\n";
  ASSERT_THAT(shop.ids(), ElementsAre("bootstrap-deadlock"));
  shop.service()["spec"]["publishNotReadyAddresses"] = true;
  EXPECT_THAT(shop.ids(), ElementsAre("peer-unresolved"));
}

TEST(Containers, TellAReadinessGateThatNobodySets) {
  Shop shop = contained({{"ready", true}, {"state", {{"running", {{"startedAt", kEarlier}}}}}});
  shop.pod(0)["spec"]["readinessGates"] =
      shop.pod_spec()["readinessGates"] = {{{"conditionType", "lb.example.com/db"}}};
  ASSERT_THAT(shop.ids(), ElementsAre("readiness-gate-unset"));
  EXPECT_THAT(shop.first().cause, HasSubstr("readiness gate lb.example.com/db"));
  shop.pod(0)["status"]["conditions"].push_back({{"type", "lb.example.com/db"}, {"status", "True"}});
  EXPECT_THAT(shop.ids(), Not(Contains("readiness-gate-unset")));
}

Shop preparing(const char* script, const char* since = kEarlier) {
  Shop shop;
  shop.forget_last();
  shop.unready(0, since);
  json& pod = shop.pod(0);
  pod["status"]["phase"] = "Pending";
  pod["spec"]["initContainers"] = {{{"name", "prepare"}, {"command", {"sh", "-c", script}}}};
  pod["status"]["initContainerStatuses"] = {
      {{"name", "prepare"}, {"ready", false}, {"state", {{"running", {{"startedAt", since}}}}}}};
  pod["status"]["containerStatuses"] = {
      {{"name", "web"}, {"ready", false}, {"state", {{"waiting", {{"reason", "PodInitializing"}}}}}}};
  return shop;
}

TEST(Containers, TellAnInitContainerThatWaitsForWhatIsNotThere) {
  Shop shop = preparing("until getent hosts cache; do sleep 1; done");
  ASSERT_THAT(shop.ids(), ElementsAre("init-container-waits"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("prepare"), HasSubstr("no Service cache exists")));
  EXPECT_EQ(shop.first().stage, "init");
  Shop says = preparing("/wait");
  says.snapshot.logs["shop/web-0/prepare"] =
      "waiting for cache, try 1\nwaiting for cache, try 2\nwaiting for cache, try 3\nwaiting for cache, try "
      "4\nwaiting for cache, try 5\n";
  ASSERT_THAT(says.ids(), ElementsAre("init-container-waits"));
  EXPECT_THAT(says.first().cause, HasSubstr("waiting for cache, try 5"));
}

TEST(Containers, LetAnInitContainerThatWorksHaveItsTime) {
  constexpr const char* kLately = "2026-03-01T10:08:30Z";
  Shop shop = preparing("echo copying; sleep 90", kLately);
  shop.snapshot.logs["shop/web-0/prepare"] =
      "copied 1 MB\ncopied 2 MB\ncopied 3 MB\ncopied 4 MB\ncopied 5 MB\n";
  const Diagnosis diagnosis = shop.diagnosis();
  EXPECT_THAT(diagnosis.findings, IsEmpty());
  EXPECT_EQ(diagnosis.state(), Diagnosis::State::kUnderWay);
  EXPECT_FALSE(diagnosis.healthy());
  EXPECT_THAT(text_of(diagnosis, shop.snapshot.taken),
              AllOf(HasSubstr("under way: web-0 (init) waits for the end of init container prepare"),
                    Not(HasSubstr("healthy"))));
}

TEST(Containers, ThatRunHaveTheirVolumes) {
  Shop shop = preparing("echo copying; sleep 90", "2026-03-01T10:09:30Z");
  shop.pod(0)["status"]["conditions"].push_back(
      {{"type", "PodScheduled"}, {"status", "True"}, {"lastTransitionTime", kEarlier}});
  shop.tell("Pod", "web-0", "FailedMount",
            "MountVolume.SetUp failed for volume \"x\" : object \"shop\"/\"x\" not registered");
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Containers, TellAPostStartHookThatFailsBeforeTheFirstRestart) {
  Shop shop;
  shop.contain(
      0, {{"ready", false},
          {"state",
           {{"waiting", {{"reason", "PostStartHookError"}, {"message", "exited with 7: no such role"}}}}}});
  shop.pod(0)["spec"]["containers"][0]["lifecycle"]["postStart"]["exec"]["command"] = {"setup"};
  ASSERT_THAT(shop.ids(), Contains("post-start-fails"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("postStart"), HasSubstr("no such role")));
}

TEST(Containers, OffersToTakeOutAProbeThatAsksForTheWrongThing) {
  Shop shop = contained(running_unready());
  shop.pod(0)["spec"]["containers"][0]["readinessProbe"] = {{"exec", {{"command", {"pg_isready"}}}},
                                                            {"periodSeconds", 3}};
  shop.tell("Pod", "web-0", "Unhealthy", "Readiness probe failed: no such role", testing::kJustNow);
  ASSERT_THAT(shop.ids(), ElementsAre("probe-fails"));
  EXPECT_THAT(shop.first().cause, HasSubstr("fails: no such role."));
  EXPECT_THAT(shop.first().remedy[2].command, HasSubstr(R"("readinessProbe":null)"));
  EXPECT_EQ(shop.first().remedy[2].way, 2);
}

TEST(Containers, BlamesALivenessProbeThatAsksAPortOfNobody) {
  Shop shop =
      contained({{"ready", false}, {"restartCount", 3}, {"state", {{"running", {{"startedAt", kEarlier}}}}}});
  json& container = shop.pod(0)["spec"]["containers"][0];
  container["livenessProbe"] = {{"tcpSocket", {{"port", 8080}}}, {"periodSeconds", 1}};
  shop.tell("Pod", "web-0", "Killing", "Container web failed liveness probe, will be restarted");
  ASSERT_THAT(shop.ids(), Contains("liveness-probe-kills"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("startupProbe"));
  container["ports"] = {{{"containerPort", 3306}}};
  EXPECT_THAT(shop.first().cause, HasSubstr("the container names no port 8080"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("livenessProbe":null)"));
  EXPECT_EQ(shop.first().remedy.front().way, 1);
  container["ports"].push_back({{"containerPort", 8080}});
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("startupProbe"));
}

/// Container web of web-0 ended with these words.
Shop ended_saying(const char* words) {
  Shop shop;
  shop.contain(0, {{"ready", false},
                   {"restartCount", 3},
                   {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
                   {"lastState", {{"terminated", {{"exitCode", 1}, {"reason", "Error"}}}}}});
  shop.snapshot.logs["shop/web-0/web"] = words;
  return shop;
}

TEST(Containers, AreGivenRoomWhereTheyWrite) {
  Shop shop = ended_saying("write: No space left on device");
  json& spec = shop.pod(0)["spec"];
  spec["volumes"].push_back({{"name", "spool"}, {"emptyDir", {{"sizeLimit", "1Mi"}}}});
  spec["containers"][0]["volumeMounts"] = {{{"name", "spool"}, {"mountPath", "/spool"}}};
  ASSERT_THAT(shop.ids(), Contains("volume-full"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("emptyDir":{"sizeLimit":"8Mi"})"));
  // Of two volumes the one that its words name.
  spec["containers"][0]["volumeMounts"].push_back({{"name", "data"}, {"mountPath", "/data"}});
  EXPECT_EQ(shop.first().remedy.front().command, "");
  shop.snapshot.storage_classes->front()["allowVolumeExpansion"] = true;
  shop.snapshot.logs["shop/web-0/web"] = "error writing '/data/log': No space left on device";
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("persistentvolumeclaim data-web-0"));
}

TEST(Containers, MayWriteWhereTheirImageIsReadOnly) {
  Shop shop = ended_saying("sh: cannot create /run/db.pid: Read-only file system");
  json& container = shop.pod(0)["spec"]["containers"][0];
  container["securityContext"]["readOnlyRootFilesystem"] = true;
  ASSERT_THAT(shop.ids(), Contains("file-system-read-only"));
  EXPECT_THAT(shop.first().remedy[0].command, HasSubstr(R"("mountPath":"/run","name":"scratch")"));
  EXPECT_THAT(shop.first().remedy[2].command, HasSubstr(R"("readOnlyRootFilesystem":false)"));
  EXPECT_EQ(shop.first().remedy[2].way, 2);
  container["volumeMounts"] = {{{"name", "data"}, {"mountPath", "/run"}, {"readOnly", true}}};
  EXPECT_THAT(shop.first().remedy[0].command, HasSubstr(R"("mountPath":"/run","readOnly":false)"));
}

TEST(Containers, ShareTheirVolumesWithTheirUser) {
  Shop shop = ended_saying("mkdir: cannot create directory '/data/db': Permission denied");
  json& spec = shop.pod(0)["spec"];
  spec["securityContext"]["runAsUser"] = 999;
  ASSERT_THAT(shop.ids(), Contains("permission-denied"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("edit statefulset web"));  // not on a volume
  spec["containers"][0]["volumeMounts"] = {{{"name", "data"}, {"mountPath", "/data"}}};
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("fsGroup":999)"));
  spec["securityContext"]["fsGroup"] = 999;
  EXPECT_THAT(shop.first().remedy.front().command, Not(HasSubstr("fsGroup")));
}

TEST(Containers, LackTheirPullSecretAlsoWhileTheRegistryDoesNotAnswer) {
  Shop shop;
  shop.contain(0, {{"ready", false}, {"state", {{"waiting", {{"reason", "ContainerCreating"}}}}}});
  shop.tell("Pod", "web-0", "Pulling", "Pulling image \"web:1\"");
  EXPECT_THAT(shop.ids(), Not(Contains("pull-secret-missing")));
  shop.tell(
      "Pod", "web-0", "FailedToRetrieveImagePullSecret",
      "Unable to retrieve some image pull secrets (registry-login); attempting to pull the image may not "
      "succeed.");
  ASSERT_THAT(shop.ids(), Contains("pull-secret-missing"));
  EXPECT_THAT(shop.first().cause, HasSubstr("registry-login"));
}

}  // namespace
}  // namespace stateproof::diagnosis
