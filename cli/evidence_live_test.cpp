// A run that breaks a promise on a real cluster, read as those who get its results read it: the evidence must
// be there and whole, and nothing of it may hold a password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <mutex>
#include <set>

#include "cli/commands.h"
#include "harness/kube/watch.h"
#include "harness/report/run_folder.h"
#include "harness/report/whole_file.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  const auto padding = static_cast<std::size_t>(std::count(base64.begin(), base64.end(), '='));
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return bytes;
}

/// Learns what is in the Secrets of a run while they exist.
class SecretReader : public kube::WatchSink {
 public:
  SecretReader(const kube::Client& client, std::string prefix)
      : client_(client), prefix_(std::move(prefix)) {}

  void on_event(const kube::Resource& resource, kube::WatchEvent event) override {
    const std::string ns = event.object["metadata"].value("namespace", "");
    if (event.type == kube::WatchEventType::kDeleted || !ns.starts_with(prefix_)) return;
    const auto secret = client_.get(resource, ns, event.object["metadata"].value("name", ""));
    if (!secret || !secret->contains("data")) return;
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, value] : (*secret)["data"].items()) values_.insert(decoded(value));
  }
  void on_synced(const kube::Resource&) override {}
  void on_gap(const kube::Resource&, const kube::WatchGap&) override {}
  void on_trouble(const kube::Resource&, const kube::ApiError&) override {}
  void on_failed(const kube::Resource&, const kube::ApiError&) override {}

  [[nodiscard]] std::set<std::string> values() const {
    const std::scoped_lock lock(mutex_);
    return values_;
  }

 private:
  kube::Client client_;
  std::string prefix_;
  mutable std::mutex mutex_;
  std::set<std::string> values_;
};

class EvidenceOfABrokenRun : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "stateproof-evidence-XXXXXX";
    out_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(out_); }

  [[nodiscard]] std::string read(const fs::path& file) const {
    return report::read_whole(out_ / file).value_or("not there: " + file.string());
  }
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(out_))
      if (entry.is_regular_file()) found.push_back(entry.path().lexically_relative(out_));
    return found;
  }

  fs::path out_;
};

TEST_F(EvidenceOfABrokenRun, IsWholeAndHoldsNoPassword) {
  ASSERT_EQ(begin({.cluster = {}, .out = out_}), ExitCode::kConformant);
  const auto plan = report::load_run(out_);
  ASSERT_TRUE(plan) << plan.error().sentence;
  const auto client = connect({}, {});
  ASSERT_TRUE(client) << client.error().sentence;
  SecretReader secrets(*client, "stateproof-" + plan->plan.run);
  {
    kube::Watcher watcher(*client);
    watcher.start({.resource = kube::kSecrets, .sink = &secrets});
    ASSERT_EQ(run({.cluster = {}, .out = out_, .scenario = "lifecycle", .mutant = "parallel-creation"}),
              ExitCode::kConformant);
  }
  EXPECT_EQ(judge({.folder = out_, .promise = {}, .save = true}), ExitCode::kBroken);
  EXPECT_EQ(report(out_), ExitCode::kBroken);

  const fs::path bundle = "evidence/lifecycle";
  const std::string index = read(bundle / "index.html");
  EXPECT_THAT(index, AllOf(HasSubstr("ORD-01"), Not(HasSubstr("What is missing"))));
  EXPECT_THAT(read(bundle / "findings/ordered-creation.txt"),
              AllOf(HasSubstr("NONCONFORMANT ORD-01"), HasSubstr("> #")));
  EXPECT_THAT(read(bundle / "describe.txt"),
              AllOf(HasSubstr("StatefulSet stateproof-"), HasSubstr("/mariadb-2\n"), HasSubstr("Parallel"),
                    HasSubstr("mariadb-data-mariadb-0"), HasSubstr("Node "), HasSubstr("StorageClass ")));
  EXPECT_THAT(read(bundle / "events.txt"), AllOf(HasSubstr("Scheduled"), HasSubstr("Started")));
  EXPECT_THAT(read(bundle / "dns.txt"), HasSubstr("mariadb-0.mariadb.stateproof-"));
  EXPECT_THAT(read(bundle / "version.json"), HasSubstr("gitVersion"));
  const std::string ns = "stateproof-" + plan->plan.run;
  for (const char* kind : {"pods", "statefulsets", "persistentvolumeclaims", "services", "endpointslices",
                           "controllerrevisions", "events"})
    EXPECT_THAT(read(bundle / "objects" / ns / (std::string{kind} + ".json")),
                AllOf(HasSubstr("\"items\""), Not(HasSubstr("managedFields"))));
  for (const char* kind : {"nodes", "persistentvolumes", "storageclasses", "namespaces"})
    EXPECT_THAT(read(bundle / "objects/cluster" / (std::string{kind} + ".json")), HasSubstr("\"items\""));
  for (const char* pod : {"mariadb-0", "mariadb-1", "mariadb-2"})
    EXPECT_THAT(read(bundle / "logs" / ns / (std::string{pod} + ".mariadb.log")),
                HasSubstr("ready for connections"));

  EXPECT_THAT(read("junit.xml"), HasSubstr("[[ATTACHMENT|evidence/lifecycle/index.html]]"));
  EXPECT_THAT(read("report.html"), HasSubstr("./evidence/lifecycle/index.html"));
  EXPECT_THAT(read("junit.xml"), HasSubstr("evidence: evidence/lifecycle/index.html"));

  // Two passwords at least, of root and of the clients: without them nothing would be proved here.
  const std::set<std::string> values = secrets.values();
  ASSERT_THAT(values, SizeIs(testing::Ge(2)));
  for (const std::string& value : values) {
    ASSERT_THAT(value, SizeIs(testing::Ge(8)));
    for (const fs::path& file : files())
      EXPECT_EQ(read(file).find(value), std::string::npos) << file << " holds what is in a Secret";
  }
}

}  // namespace
}  // namespace stateproof::cli
