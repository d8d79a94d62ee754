#include "cli/scaffold.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/run.h"
#include "suites/catalogue.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPromiseHeader = R"(#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// TODO: what a user counts on, in a sentence.
std::vector<Promise> @name@_promises();

}  // namespace stateproof
)";

constexpr std::string_view kPromise = R"(#include "suites/@name@/promises.h"

#include "harness/check/@room@/@name@.h"

namespace stateproof {
namespace {

constexpr std::string_view kSource = "https://kubernetes.io/docs/TODO: the page and heading that promises it";

}  // namespace

std::vector<Promise> @name@_promises() {
  return {{.id = "@id@",
           .title = "TODO: a sentence that is true of a conforming cluster",
           .group = "@room@",
           .scenario = "@scenario@",
           .requirements = {{.id = "@requirement@",
                             .title = "TODO: the same, of this one duty",
                             .sentence = "TODO: who MUST or MUST NOT do what.",
                             .source = kSource,
                             .checker = check::@name@}}}};
}

}  // namespace stateproof
)";

constexpr std::string_view kCheckerHeader = R"(#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// @requirement@: TODO: what it looks at, and what it claims.
Verdict @name@(const Timeline& timeline);

}  // namespace stateproof::check
)";

constexpr std::string_view kChecker = R"(#include "harness/check/@room@/@name@.h"

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"

namespace stateproof::check {

Verdict @name@(const Timeline& timeline) {
  const Course course(timeline);
  Judgement judgement{course, {"pods"}};
  std::size_t judged = 0;
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || pod->meta.ref.ns != timeline.subject().ns) continue;
    // TODO: ++judged; and judgement.find({pod->meta.ref, "expected", "observed", {seen.index}, "where to look"});
  }
  if (judged == 0) judgement.doubt("nothing was judged");
  return std::move(judgement).verdict(counted(judged, "pod", "pods"));
}

}  // namespace stateproof::check
)";

constexpr std::string_view kTest = R"(#include "suites/@name@/promises.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/@room@/@name@.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

TEST(@Name@, IsKeptByAConformingCluster) { EXPECT_THAT(@name@(Story::lifecycle()), IsConformant()); }

TEST(@Name@, IsBrokenBy) {
  Story story = Story::lifecycle();
  // TODO: tell what a broken cluster does, and name the entry that shows it.
  EXPECT_THAT(@name@(story), IsNonconformant(testing::Not(testing::IsEmpty())));
}

TEST(@Name@, IsInDoubtWithoutAnythingToJudge) { EXPECT_THAT(@name@(Story{}), IsInconclusive(testing::_)); }

}  // namespace
}  // namespace stateproof::check
)";

constexpr std::string_view kDistortion = R"(void break_@name@(Timeline& timeline) {
  must(timeline.observations.empty(), "TODO: change the good recording into what a broken cluster would have shown");
}

)";

constexpr std::string_view kWrongHistory =
    R"(      {"wrong-@id@", "TODO: what the broken cluster does", "@id@", "@requirement@", break_@name@},
)";

/// With a claim template's name before it and an ordinal after it, it still fits into a label.
constexpr std::size_t kLongestName = 40;

constexpr std::string_view kManifest =
    R"(# TODO: what it is, in a sentence. kubectl apply -f takes this file as it is.
apiVersion: v1
kind: Service
metadata:
  name: @name@
spec:
  clusterIP: None
  selector: {app: @name@}
  ports:
    - {name: main, port: 6379} # TODO
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: @name@
spec:
  serviceName: @name@
  replicas: 3
  selector:
    matchLabels: {app: @name@}
  template:
    metadata:
      labels: {app: @name@}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: @name@
          image: registry.example/@name@:1 # TODO
          readinessProbe:
            tcpSocket: {port: 6379} # TODO
            periodSeconds: 1
          volumeMounts:
            - {name: data, mountPath: /data} # TODO
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 64Mi}}
)";

constexpr std::string_view kContract = R"(# yaml-language-server: $schema=../../docs/workload.schema.json
# TODO: how a record is written and read. sh -c runs each command in the set's container.
write: echo "$RECORD" >>/data/records # exit code 0 acknowledges it
read: cat /data/records # every record, one a line
records: own # each member has those that were written to it; everywhere: every member has all
# writers: leader # all, leader, or an ordinal
# leader: print-the-name-of-the-pod-that-takes-writes
# kill: pkill -9 server # as a crash would end it
# volatile: true # records need not outlive their pod
# atLeastOnce: true # a record may be read twice
limits: {ready: 120, recover: 60} # seconds
)";

constexpr std::string_view kOverlay = R"(# breaks REC-01: TODO: what lies beside the claim goes with its pod
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: @name@
spec:
  template:
    spec:
      volumes:
        - name: lost
          emptyDir: {}
      containers:
        - name: @name@
          volumeMounts:
            - {name: data, mountPath: /claim}
            - {name: lost, mountPath: /data}
)";

/// Words of the name with this between them.
std::string joined(std::string name, char by) {
  std::replace(name.begin(), name.end(), '-', by);
  return name;
}

std::string camel_case(const std::string& name) {
  std::string camel;
  bool begins = true;
  for (const char c : name) {
    if (c != '-') camel += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '-';
  }
  return camel;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string filled(std::string_view form, const NewPromise& options) {
  std::string text = replaced(std::string{form}, "@name@", joined(options.name, '_'));
  text = replaced(text, "@Name@", camel_case(options.name));
  text = replaced(text, "@id@", options.name);
  text = replaced(text, "@room@", options.room);
  text = replaced(text, "@scenario@", options.scenario);
  return replaced(text, "@requirement@", options.requirement);
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(fmt::format("{} cannot be written.", path.string()));
}

/// Puts `text` before the last occurrence of `mark`.
std::string with(std::string into, std::string_view text, std::string_view mark, const fs::path& path) {
  const std::size_t at = into.rfind(mark);
  if (at == std::string::npos)
    throw std::runtime_error(
        fmt::format("{} no longer contains \"{}\"; insert this by hand:\n{}", path.string(), mark, text));
  return into.insert(at, text);
}

/// How many promises of this scenario the text names.
std::size_t named_promises(const std::string& text, const std::string& scenario) {
  return static_cast<std::size_t>(
      std::count_if(catalogue().begin(), catalogue().end(), [&](const Promise& promise) {
        return promise.scenario == scenario &&
               text.find(fmt::format("\"{}\"", promise.id)) != std::string::npos;
      }));
}

/// The file with the wrong histories of this scenario: the one that names the most of its promises.
fs::path wrong_histories_of(const fs::path& repository, const std::string& scenario) {
  fs::path found;
  std::size_t most = 0;
  for (const auto& entry : fs::directory_iterator(repository / "suites/mutants")) {
    if (!entry.path().filename().string().starts_with("wrong_") || entry.path().extension() != ".cpp")
      continue;
    const std::size_t named = named_promises(read(entry.path()), scenario);
    if (named > most) found = entry.path();
    most = std::max(most, named);
  }
  if (found.empty())
    throw std::runtime_error(
        fmt::format("No file of suites/mutants has wrong histories of scenario {}.", scenario));
  return found;
}

void add_to_catalogue(const fs::path& path, const NewPromise& options) {
  std::string text = read(path);
  text = with(text, filled("#include \"suites/@name@/promises.h\"\n", options), "\nnamespace stateproof {",
              path);
  write(path,
        with(text, filled(", @name@_promises", options), "})\n    for (Promise& promise : folder())", path));
}

void add_wrong_history(const fs::path& path, const NewPromise& options) {
  std::string text =
      with(read(path), filled(kDistortion, options), "}  // namespace\n\nstd::vector<WrongHistory>", path);
  write(path, with(text, filled(kWrongHistory, options), "  };\n}", path));
}

void check(const NewPromise& options) {
  const bool plain =
      !options.name.empty() && std::all_of(options.name.begin(), options.name.end(),
                                           [](char c) { return c == '-' || (c >= 'a' && c <= 'z'); });
  if (!plain)
    throw std::invalid_argument(
        "The name of a promise consists of lower-case words with hyphens, for example pods-are-named.");
  if (find_promise(options.name) != nullptr)
    throw std::invalid_argument(fmt::format("There is already a promise {}.", options.name));
  if (!fs::exists(options.repository / "suites/catalogue.cpp"))
    throw std::invalid_argument("This is not a repository of Stateproof; run this in its root.");
  if (!fs::is_directory(options.repository / "harness/check" / options.room))
    throw std::invalid_argument(fmt::format("harness/check has no folder {}.", options.room));
  if (scenarios::find(options.scenario) == nullptr)
    throw std::invalid_argument(
        fmt::format("There is no scenario {}; stateproof list names them.", options.scenario));
}

void write_promise(const NewPromise& options) {
  const std::string name = joined(options.name, '_');
  const fs::path folder = options.repository / "suites" / name;
  const fs::path checker = options.repository / "harness/check" / options.room / name;
  const fs::path wrong = wrong_histories_of(options.repository, options.scenario);
  const std::map<fs::path, std::string_view> forms{{folder / "promises.h", kPromiseHeader},
                                                   {folder / "promises.cpp", kPromise},
                                                   {folder / "promises_test.cpp", kTest},
                                                   {checker.string() + ".h", kCheckerHeader},
                                                   {checker.string() + ".cpp", kChecker}};
  for (const auto& [path, form] : forms)
    if (fs::exists(path)) throw std::invalid_argument(fmt::format("There is already a {}.", path.string()));
  for (const auto& [path, form] : forms) write(path, filled(form, options));
  add_to_catalogue(options.repository / "suites/catalogue.cpp", options);
  add_wrong_history(wrong, options);
  const auto told = [](const fs::path& path) { return path.lexically_normal().string(); };
  std::cout << "Fill in what says TODO; docs/tutorial.md leads through it:\n";
  for (const auto& [path, holds] : std::initializer_list<std::pair<std::string, std::string_view>>{
           {told(folder / "promises.cpp"), "the requirement, with its source"},
           {told(folder / "promises_test.cpp"), "a good and a broken story"},
           {told(checker.string() + ".cpp"), "the checker"},
           {told(wrong), "what a broken cluster would have shown"}})
    std::cout << fmt::format("  {:48} {}\n", path, holds);
  std::cout << fmt::format(
      "Then: ci/build dev suites_test stateproof && build/dev/bin/stateproof judge --histories --requirement "
      "{}\n",
      options.requirement);
}

/// A DNS label: the name of the set, of its Service and of the folder.
void check(const NewWorkload& options) {
  const std::string& name = options.name;
  const bool plain = !name.empty() && name.size() <= kLongestName && name.front() >= 'a' &&
                     name.front() <= 'z' && name.back() != '-' &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                     });
  if (!plain)
    throw std::invalid_argument(
        fmt::format("The name of a workload consists of at most {} lower-case letters, digits and hyphens, "
                    "for example etcd.",
                    kLongestName));
  if (fs::exists(options.folder / name))
    throw std::invalid_argument(fmt::format("There is already a {}.", (options.folder / name).string()));
}

void write_workload(const NewWorkload& options) {
  const fs::path folder = options.folder / options.name;
  const auto filled_in = [&](std::string_view form) {
    return replaced(std::string{form}, "@name@", options.name);
  };
  for (const auto& [file, form] : {std::pair{options.name + ".yaml", kManifest},
                                   {"workload.yaml", kContract},
                                   {"mutants/volatile.yaml", kOverlay}})
    write(folder / file, filled_in(form));
  std::cout << fmt::format(
      "Fill in what says TODO in {0}:\n  {1:24} the set, and what it needs\n  {2:24} how a record is written "
      "and read\n"
      "  {3:24} the same set, made to lose records\nThen: stateproof workload check {0}, and stateproof "
      "workload mutant "
      "{0} volatile\n",
      folder.string(), options.name + ".yaml", "workload.yaml", "mutants/volatile.yaml");
}

/// Says why something could not be made.
template <class Make>
int made(Make make) {
  try {
    make();
  } catch (const std::invalid_argument& wrong) {
    return wrong_usage(wrong.what());
  } catch (const std::exception& trouble) {
    return harness_error(trouble.what());
  }
  return ExitCode::kConformant;
}

}  // namespace

int new_workload(const NewWorkload& options) {
  return made([&] {
    check(options);
    write_workload(options);
  });
}

int new_promise(const NewPromise& options) {
  NewPromise promise = options;
  if (promise.requirement.empty()) {
    promise.requirement = promise.name;
    std::transform(promise.requirement.begin(), promise.requirement.end(), promise.requirement.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  return made([&] {
    check(promise);
    write_promise(promise);
  });
}

}  // namespace stateproof::cli
