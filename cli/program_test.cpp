// The program as a script meets it: exit codes and one sentence for each bad input. No cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace stateproof {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Ran {
  int code = -1;
  std::string output;
};

class Program : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("stateproof-program-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // HOME and the environment are empty, so that no kubeconfig of this machine is found.
  [[nodiscard]] Ran run(const std::string& arguments, const std::string& variables = "") const {
    const std::string command = "cd " + folder_.string() + " && env -i HOME=" + folder_.string() + " " +
                                variables + " " + STATEPROOF_PROGRAM + " " + arguments + " 2>&1 </dev/null";
    FILE* pipe = ::popen(command.c_str(), "r");
    Ran ran;
    std::array<char, 4096> bytes{};
    while (const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), pipe))
      ran.output.append(bytes.data(), size);
    const int status = ::pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// A folder "out" that holds nothing but this recording.
  void record(const std::string& history, const std::string& scenario) const {
    fs::create_directories(folder_ / "out/recordings");
    fs::copy_file(fs::path{STATEPROOF_HISTORIES} / (history + ".jsonl"), recording(scenario));
  }
  [[nodiscard]] fs::path recording(const std::string& scenario) const {
    return folder_ / "out/recordings" / (scenario + ".jsonl");
  }

  fs::path folder_;
};

constexpr const char* kNobodyListens = R"({"apiVersion": "v1", "kind": "Config", "current-context": "here",
  "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": true}}],
  "users": [{"name": "u", "user": {"token": "very-secret-token"}}],
  "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]})";

TEST_F(Program, WrongUsageIs64) {
  EXPECT_EQ(run("").code, 64);
  EXPECT_EQ(run("fly").code, 64);
  EXPECT_EQ(run("begin --profile everything").code, 64);
  EXPECT_EQ(run("run").code, 64);
  EXPECT_EQ(run("--help").code, 0);
}

TEST_F(Program, AnUnknownNameIsWrongUsageAndTheKnownOnesAreNamed) {
  for (const char* command : {"run nonsense --out out", "mutant nonsense", "fault nonsense",
                              "judge . --promise nonsense", "run lifecycle --mutant nonsense --out out"}) {
    const Ran ran = run(command);
    EXPECT_EQ(ran.code, 64) << command;
    EXPECT_THAT(ran.output, HasSubstr("There is no ")) << command;
  }
}

TEST_F(Program, ALoginThatHangsEndsWithTheFirstInterrupt) {
  const std::string config =
      write("config", R"({"apiVersion": "v1", "kind": "Config", "current-context": "here",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
      "args": ["-c", "trap '' INT TERM; kill -INT $PPID; sleep 100"], "interactiveMode": "Never"}}}],
    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]})");
  for (const char* command : {"begin --out out", "sweep", "doctor"}) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run(std::string(command) + " --kubeconfig " + config).code, 2) << command;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{20}) << command;
  }
}

TEST_F(Program, BashCompletesCommandsOptionsAndValues) {
  ASSERT_EQ(run("completion bash > completion").code, 0);
  const auto completed = [&](const std::string& words) {
    const std::string script = write("ask",
                                     "source ./completion\n"
                                     "COMP_WORDS=(" +
                                         words +
                                         ") COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                                         "_stateproof\necho \"${COMPREPLY[@]}\"\n");
    return run("--version >/dev/null && bash " + script).output;
  };
  EXPECT_EQ(completed("stateproof wat"), "watch\n");
  EXPECT_EQ(completed("stateproof gate b"), "begin\n");
  EXPECT_EQ(completed("stateproof run --profile co"), "conformance\n");
  EXPECT_EQ(completed("stateproof run --out x --para"), "--parallel\n");
  EXPECT_EQ(completed("stateproof run --out ''"), "\n");  // files, by bash itself
  EXPECT_EQ(completed("stateproof completion f"), "fish\n");
  EXPECT_EQ(run("completion tcsh").code, 64);
}

TEST_F(Program, TheManualPageHasEveryCommandThatHelpHas) {
  const Ran manual = run("manual");
  EXPECT_EQ(manual.code, 0);
  const std::string help = run("--help").output;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  std::string line;
  int commands = 0;
  for (std::getline(lines, line); std::getline(lines, line) && line.starts_with("  ");) {
    if (line[2] == ' ') continue;  // a description that goes on
    const std::string word = line.substr(2, line.find(' ', 2) - 2);
    std::string heading = "\n.SS stateproof ";
    for (const char c : word) heading += c == '-' ? "\\-" : std::string(1, c);
    EXPECT_THAT(manual.output, HasSubstr(heading)) << word;
    ++commands;
  }
  EXPECT_GT(commands, 15);
}

TEST_F(Program, AWholeProfileEndsBeforeItsScenariosWithoutACluster) {
  const Ran ran = run("run --profile quick --out out --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("very-secret-token"))));
  EXPECT_THAT(read("out/junit.xml"), HasSubstr("errors=\"1\""));
}

TEST_F(Program, ARunIsAProfileOrAScenario) {
  for (const char* arguments : {"run",
                                "run lifecycle --profile quick",
                                "run --dry-run",
                                "run --profile fast",
                                "run --profile quick --parallel 0",
                                "run --profile quick --mutant ready",
                                "run --profile quick --minutes 3",
                                "run --profile explore --dry-run",
                                "run lifecycle --all-storage-classes",
                                "run --profile explore --all-storage-classes",
                                "run --profile quick --all-storage-classes --storage-class fast",
                                "run --profile quick --cluster-domain Cluster.Local",
                                "rbac --profile everything",
                                "explore --sets 0",
                                "explore --only x",
                                "run lifecycle --sonobuoy",
                                "run --profile quick --config-map summary",
                                "run --profile quick --all-storage-classes --compare",
                                "in-cluster",
                                "in-cluster --profile disruptive",
                                "in-cluster --profile quick --schedule '0 3 * * *'"}) {
    EXPECT_EQ(run(arguments).code, 64) << arguments;
  }
}

TEST_F(Program, AWorkloadThatCannotBeUsedIsOneSentenceWithFileAndLine) {
  const std::string set =
      "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {template: {spec: {containers: "
      "[{name: "
      "db, image: a}]}}}\n";
  const auto refuse = [&](const std::string& text, const std::string& sentence) {
    const Ran ran = run("run --workload " + write("db.yaml", text));
    EXPECT_EQ(ran.code, 64) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr(sentence));
    EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1) << ran.output;
  };
  refuse("apiVersion: v1\nkind: Service\nmetadata: {name: db}\n", "db.yaml has no StatefulSet");
  refuse(set + "---\n" + "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: two}\n",
         "has 2 StatefulSets, db, two; choose the one");
  refuse(set + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", "db.yaml:6) is cluster-wide");
  refuse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: prod}\n---\n" + set,
         "db.yaml:3: ConfigMap c is fixed to namespace \"prod\"");
  refuse("a: [", "this is not YAML");
  const Ran without = run("run --workload none.yaml");
  EXPECT_EQ(without.code, 64);
  EXPECT_THAT(without.output, HasSubstr("none.yaml cannot be read"));
  const Ran contract = run("run --workload db.yaml --contract " + write("workload.yaml", "writ: a\n"));
  EXPECT_EQ(contract.code, 64);
}

TEST_F(Program, AWorkloadWithoutAClusterIsAHarnessError) {
  (void)write(
      "db.yaml",
      "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {template: {spec: {containers: "
      "[{name: "
      "db, image: a}]}}}\n");
  EXPECT_EQ(run("run --workload db.yaml --out out").code, 2);
  const Ran checked = run("workload check db.yaml");
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_THAT(checked.output, AllOf(HasSubstr("is well-formed: StatefulSet db"),
                                    HasSubstr("add write and read"), HasSubstr("no cluster is configured")));
}

TEST_F(Program, ANewWorkloadIsWellFormed) {
  EXPECT_EQ(run("new workload shop").code, 0);
  const Ran checked = run("workload check workloads/shop --form-only");
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_EQ(run("new workload shop").code, 64);
  EXPECT_EQ(run("new workload No_Name").code, 64);
}

TEST_F(Program, ADryRunSaysWhatWouldBeCreatedAndWithWhichRights) {
  const Ran ran = run("run --profile conformance --parallel 3 --dry-run --namespace shop");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("3 at a time"), HasSubstr("shop-rollout\n"),
                                HasSubstr("shop-client\n"), HasSubstr("  create namespaces\n")));
  EXPECT_FALSE(fs::exists(folder_ / "reports"));
}

TEST_F(Program, RightsArePrintedAsManifests) {
  const Ran quick = run("rbac --profile quick --name judge --namespace ci");
  EXPECT_EQ(quick.code, 0);
  EXPECT_THAT(quick.output,
              AllOf(HasSubstr("{name: judge, namespace: ci}"), HasSubstr("kind: ClusterRoleBinding"),
                    HasSubstr("[apps], resources: [statefulsets/scale], verbs: [patch]"),
                    Not(HasSubstr("nodes], verbs: [list, patch")), Not(HasSubstr("*"))));
  EXPECT_THAT(run("rbac --profile disruptive").output, HasSubstr("deployments"));
}

TEST_F(Program, AJobHasThePrintedRightsOfItsProfile) {
  const Ran job =
      run("in-cluster --profile quick --namespace ci --image mirror/it:1 --label team=db "
          "--image-pull-secret images/mirror --print");
  EXPECT_EQ(job.code, 0);
  EXPECT_THAT(job.output,
              AllOf(HasSubstr("kind: Job\n"), HasSubstr("image: \"mirror/it:1\""), HasSubstr("team: db"),
                    HasSubstr("enforce: restricted"), HasSubstr("ci/stateproof-summary"),
                    HasSubstr("\"--image-pull-secret\""), HasSubstr("ci/mirror"),
                    HasSubstr("# It needs the Secret mirror in namespace ci."), Not(HasSubstr("images/"))));
  std::istringstream rights(run("rbac --profile quick --name ci --namespace ci").output);
  int rules = 0;
  for (std::string line; std::getline(rights, line);)
    if (line.starts_with("- {apiGroups")) {
      EXPECT_THAT(job.output, HasSubstr("\n" + line + "\n"));
      ++rules;
    }
  EXPECT_GT(rules, 5);
}

TEST_F(Program, ARunAtItsTimesIsKeptAndCompared) {
  const Ran job = run("in-cluster --profile conformance --schedule '0 3 * * *' --storage-class fast --print");
  EXPECT_EQ(job.code, 0);
  EXPECT_THAT(job.output, AllOf(HasSubstr("kind: CronJob\n"), HasSubstr("schedule: \"0 3 * * *\""),
                                HasSubstr("kind: PersistentVolumeClaim\n"),
                                HasSubstr("storageClassName: fast"), HasSubstr("\"--compare\"")));
}

TEST_F(Program, APluginOfSonobuoyTellsItsResultsEvenWithoutACluster) {
  fs::create_directories(folder_ / "plugin");
  const std::string plugin = (folder_ / "plugin").string();
  const Ran ran =
      run("run --profile quick --out out --sonobuoy --kubeconfig " + write("config", kNobodyListens),
          "RESULTS_DIR=" + plugin);
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(read("plugin/done"), plugin + "/junit.xml");
  EXPECT_EQ(read("plugin/junit.xml"), read("out/junit.xml"));
  // Sonobuoy's own container is another user.
  EXPECT_NE(fs::status(folder_ / "plugin/done").permissions() & fs::perms::others_read, fs::perms::none);
}

TEST_F(Program, ResultsTravelAsOneStream) {
  record("lifecycle", "lifecycle");
  const Ran sent = run("results send out");
  EXPECT_EQ(sent.code, 0);
  EXPECT_THAT(sent.output, AllOf(HasSubstr("{\"bytes\":"), HasSubstr("\"recordings/lifecycle.jsonl\""),
                                 testing::EndsWith("{\"end\":true,\"files\":1}\n")));
}

TEST_F(Program, WhatItWritesIsForNobodyElse) {
  (void)run("begin --out out --kubeconfig " + write("config", kNobodyListens));
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out"))
    EXPECT_EQ(entry.status().permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none)
        << entry.path();
  EXPECT_EQ(fs::status(folder_ / "out").permissions(), fs::perms::owner_all);
}

TEST_F(Program, AnEarlierRunIsKeptHoweverItsFolderIsWritten) {
  const std::string config = write("config", kNobodyListens);
  fs::create_directories(folder_ / "in");
  for (const std::string& written :
       {std::string("out/"), std::string("./out/."), (folder_ / "out").string() + "//"}) {
    fs::remove_all(folder_ / "out");
    (void)run("begin --out " + written + " --kubeconfig " + config);
    EXPECT_THAT(run("begin --out " + written + " --kubeconfig " + config).output, HasSubstr("was moved to"))
        << written;
    EXPECT_TRUE(fs::exists(folder_ / "out/plan.json")) << written;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}),
            6);  // config, in, out, and three that were kept
}

TEST_F(Program, AnEarlierRunInTheWorkingFolderIsKeptBesideIt) {
  const std::string config = write("config", kNobodyListens);
  fs::create_directories(folder_ / "in");
  const std::string begin =
      "--version && cd in && " STATEPROOF_PROGRAM " begin --out . --kubeconfig " + config;
  (void)run(begin);
  EXPECT_THAT(run(begin).output, HasSubstr("was moved to"));
  EXPECT_TRUE(fs::exists(folder_ / "in/plan.json"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 3);  // config, in, in.RUN
}

TEST_F(Program, AKubeconfigThatIsNoneIsOneSentence) {
  std::ofstream(folder_ / "huge").close();
  fs::resize_file(folder_ / "huge", 300U << 20U);
  (void)write("broken", "a: [b\n\tc: {");
  for (const char* file : {"/dev/zero", "/", "huge", "broken", "missing"}) {
    const Ran ran = run(std::string("begin --out out --kubeconfig ") + file);
    EXPECT_EQ(ran.code, 2) << file;
    EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1) << ran.output;
    EXPECT_THAT(ran.output, AllOf(HasSubstr(file), Not(HasSubstr("yaml-cpp")))) << file;
    fs::remove_all(folder_ / "out");
  }
}

TEST_F(Program, WithoutAKubeconfigItSaysWhereItLooked) {
  const Ran ran = run("begin --out out");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("kubeconfig"));
}

TEST_F(Program, AnUnknownContextNamesTheKnownOnes) {
  const Ran ran = run("begin --out out --context there --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("there"), HasSubstr("here")));
}

TEST_F(Program, AnApiServerThatDoesNotListenIsNamedAndTheTokenIsNot) {
  const Ran ran = run("begin --out out --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("127.0.0.1 port 9"), Not(HasSubstr("very-secret-token"))));
  const std::string junit = read("out/junit.xml");
  EXPECT_THAT(junit, AllOf(HasSubstr("<error"), HasSubstr("not run"), Not(HasSubstr("very-secret-token"))));
}

TEST_F(Program, AReportOfARunThatNeverReachedTheClusterIsNotGreen) {
  (void)run("begin --out out --kubeconfig " + write("config", kNobodyListens));
  const Ran ran = run("report out");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("no connection to the API server"));
}

TEST_F(Program, AnEarlierRunInTheSameFolderIsKept) {
  const std::string begin = "begin --out out --kubeconfig " + write("config", kNobodyListens);
  (void)run(begin);
  EXPECT_THAT(run(begin).output, HasSubstr("was moved to"));
  std::size_t runs = 0;
  for (const auto& entry : fs::directory_iterator(folder_))
    runs += fs::exists(entry.path() / "plan.json") ? 1U : 0U;
  EXPECT_EQ(runs, 2U);
}

TEST_F(Program, ARunThatWasNotBegunCannotGoOn) {
  const Ran ran = run("run lifecycle --out out --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
}

TEST_F(Program, AForeignRecordingIsRefused) {
  const Ran ran = run("judge " + write("other.jsonl", "{\"kind\":\"Pod\"}\n"));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("is not a recording of stateproof"));
  EXPECT_EQ(run("judge " + (folder_ / "nothing").string()).code, 2);
}

TEST_F(Program, ARecordingAloneBecomesARun) {
  record("mutant-parallel-creation", "lifecycle");
  const Ran ran = run("report out");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, HasSubstr("ordered-creation"));
  EXPECT_THAT(read("out/junit.xml"),
              AllOf(HasSubstr("type=\"PromiseBroken\""), HasSubstr("parallel-creation")));
  EXPECT_THAT(read("out/report.html"), AllOf(HasSubstr("class=\"pod Ready\""), HasSubstr("in step create")));
}

TEST_F(Program, AScenarioThatWasKilledIsAnError) {
  record("lifecycle", "lifecycle");
  EXPECT_EQ(run("report out").code, 0);
  fs::remove_all(folder_ / "out/scenarios");
  fs::remove_all(folder_ / "out/verdicts");
  fs::resize_file(recording("lifecycle"), fs::file_size(recording("lifecycle")) / 2);
  const Ran ran = run("report out");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("The process that ran this scenario was killed in step"));
  EXPECT_THAT(read("out/junit.xml"), AllOf(HasSubstr("type=\"HarnessError\""), HasSubstr("errors=\"1\"")));
  EXPECT_THAT(read("out/report.html"), HasSubstr("Scenario lifecycle failed"));
}

TEST_F(Program, AMutantIsPlayedInItsOwnScenarioOnly) {
  (void)run("begin --out out --kubeconfig " + write("config", kNobodyListens));
  const Ran ran = run("run halting --mutant parallel-creation --out out");
  EXPECT_EQ(ran.code, 64);
  EXPECT_THAT(ran.output, HasSubstr("no mutant parallel-creation of scenario halting"));
}

TEST_F(Program, AFolderThatCannotBeWrittenIsNamed) {
  const std::string in_the_way = write("file", "");
  const Ran ran = run("begin --out " + in_the_way + "/out --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("file/out"));
}

TEST_F(Program, AGateNeedsACommandAndACluster) {
  EXPECT_EQ(run("gate").code, 64);
  EXPECT_EQ(run("gate open").code, 64);
  for (const char* command : {"begin", "status", "end --out out", "abort"}) {
    const Ran ran = run(std::string{"gate "} + command + " --kubeconfig " + write("config", kNobodyListens));
    EXPECT_EQ(ran.code, 2) << command;
    EXPECT_THAT(ran.output, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("very-secret-token")))) << command;
  }
}

TEST_F(Program, TwoRunsAreComparedWithoutACluster) {
  const std::string config = write("config", kNobodyListens);
  (void)run("begin --out one --kubeconfig " + config);
  (void)run("begin --out two --kubeconfig " + config);
  const Ran ran = run("compare one two");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("verdicts\n  nothing changed"));
  EXPECT_EQ(run("compare one nothing").code, 2);
  EXPECT_EQ(run("compare one").code, 64);
}

TEST_F(Program, TheDoctorWantsToKnowWhomToLookAtAndWhere) {
  EXPECT_EQ(run("doctor pod/web-0").code, 64);
  EXPECT_EQ(run("doctor -A statefulset/web").code, 64);
  EXPECT_EQ(run("doctor -o xml").code, 64);
  const Ran ran = run("doctor -n shop statefulset/web --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("very-secret-token"))));
}

TEST_F(Program, AnUnknownFaultNamesTheKnownOnes) {
  const Ran ran = run("fault rain");
  EXPECT_EQ(ran.code, 64);
  EXPECT_THAT(ran.output, HasSubstr("missing-service"));
}

TEST_F(Program, AnUpgradeThatNobodyDoesIsWrongUsage) {
  const Ran ran = run("begin --profile upgrade --out out --kubeconfig " + write("config", kNobodyListens));
  EXPECT_EQ(ran.code, 64);
  EXPECT_THAT(ran.output, HasSubstr("STATEPROOF_UPGRADE_COMMAND"));
}

TEST_F(Program, ImagesArePinnedByDigest) {
  const Ran ran = run("images");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("@sha256:"));
}

TEST_F(Program, ThePromisesAreListedWithTheirSources) {
  EXPECT_THAT(run("promises").output, AllOf(HasSubstr("ORD-01"), HasSubstr("kubernetes.io/docs")));
  EXPECT_THAT(run("promises --format json").output, HasSubstr("\"id\": \"ORD-01\""));
}

TEST_F(Program, ListsWhatIsDeclared) {
  const Ran ran = run("list --json");
  EXPECT_EQ(ran.code, 0);
  const auto listed = nlohmann::json::parse(ran.output);
  for (const char* kind : {"scenarios", "promises", "mutants", "faults"})
    for (const auto& one : listed.at(kind)) EXPECT_FALSE(one.at("labels").empty()) << one;
  const auto& lifecycle = listed.at("scenarios").at(0);
  EXPECT_EQ(lifecycle.at("labels"), (nlohmann::json{"quick", "conformance", "disruptive", "upgrade"}));
  EXPECT_THAT(lifecycle.at("rights").get<std::vector<std::string>>(),
              testing::IsSupersetOf({"list pods", "watch pods", "patch statefulsets/scale.apps"}));
}

TEST_F(Program, JudgesTheHistoriesByOneRequirement) {
  const std::string histories = "judge --histories " STATEPROOF_HISTORIES " --requirement ";
  const Ran known = run(histories + "ORD-01");
  EXPECT_EQ(known.code, 0);
  EXPECT_THAT(known.output, AllOf(HasSubstr("expected   good     lifecycle"),
                                  HasSubstr("expected   harmless seeds 1 to 200"),
                                  HasSubstr("expected   wrong    mutant-parallel-creation")));
  const Ran unknown = run(histories + "ORD-99");
  EXPECT_EQ(unknown.code, 64);
  EXPECT_THAT(unknown.output, HasSubstr("no requirement ORD-99"));
}

TEST_F(Program, BeginsANewPromiseInTheRepositoryAlone) {
  EXPECT_EQ(run("new promise pods-are-blue").code, 64);
  for (const char* file :
       {"suites/catalogue.cpp", "suites/mutants/wrong_lifecycle.cpp", "harness/check/identity/identity.h"}) {
    fs::create_directories((folder_ / file).parent_path());
    fs::copy_file(fs::path{STATEPROOF_REPOSITORY} / file, folder_ / file);
  }
  const Ran ran = run("new promise pods-are-blue --requirement ID-99");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(read("suites/pods_are_blue/promises.cpp"), HasSubstr("check::pods_are_blue"));
  EXPECT_THAT(read("harness/check/identity/pods_are_blue.cpp"), HasSubstr("Verdict pods_are_blue("));
  EXPECT_THAT(read("suites/catalogue.cpp"), AllOf(HasSubstr("#include \"suites/pods_are_blue/promises.h\""),
                                                  HasSubstr(", pods_are_blue_promises})")));
  EXPECT_THAT(read("suites/mutants/wrong_lifecycle.cpp"), HasSubstr("\"ID-99\", break_pods_are_blue}"));
  EXPECT_EQ(run("new promise pods-are-blue").code, 64);
  EXPECT_EQ(run("new promise stable-dns").code, 64);
  EXPECT_EQ(run("new promise Blue").code, 64);
}

}  // namespace
}  // namespace stateproof
