#include "harness/kube/testing/faulty_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "harness/kube/client.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/weather.h"
#include "harness/kube/watch.h"

namespace stateproof::kube {
namespace {

using testing::Connection;
using testing::Fault;
using testing::FaultyPath;
using testing::Traffic;
using testing::Weather;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string kPod = "/api/v1/namespaces/shop/pods/web-0";

json pod(const char* version) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", "web-0"}, {"namespace", "shop"}, {"resourceVersion", version}}}};
}

/// A server with one pod, and a path to it on which the requests of one kind meet these faults, one after the
/// other, and then none.
class Faulty {
 public:
  Faulty(Traffic traffic, std::vector<Fault> faults)
      : path_(Client::create(server.config())->transport(), {.fault = [=](Traffic met, std::uint64_t n) {
                return met == traffic && n < faults.size() ? faults[n] : Fault{};
              }}) {
    server.always("GET " + kPod, [](Connection& c) { c.respond_json(pod("7")); });
    server.always("PUT " + kPod, [](Connection& c) { c.respond_json(pod("8")); });
  }

  [[nodiscard]] Client client() const {
    ClientOptions options;
    options.pause = [](std::chrono::milliseconds) { return true; };
    options.request_timeout = 2s;
    return *Client::create(path_.config(), options);
  }

  testing::ScriptedServer server;

 private:
  FaultyPath path_;
};

Result<json> get(const Faulty& faulty) { return faulty.client().get(kube::kPods, "shop", "web-0"); }
Result<json> put(const Faulty& faulty) {
  return faulty.client().replace(kube::kPods, "shop", "web-0", pod("7"));
}

TEST(FaultyPath, PassesWhatMeetsNoFault) {
  const Faulty faulty(Traffic::kRead, {});
  EXPECT_EQ(get(faulty).value(), pod("7"));
  EXPECT_EQ(put(faulty).value(), pod("8"));
  EXPECT_EQ(faulty.server.requests("PUT " + kPod).at(0).json(), pod("7"));
}

TEST(FaultyPath, AReadIsSentAgainUntilItIsAnswered) {
  const Faulty faulty(Traffic::kRead,
                      {{Fault::Kind::kRefused, 503}, {Fault::Kind::kCut}, {Fault::Kind::kBroken}});
  EXPECT_EQ(get(faulty).value(), pod("7"));
  EXPECT_EQ(faulty.server.requests("GET " + kPod).size(), 2U);  // of the one that broke, the server had heard
}

TEST(FaultyPath, AChangeWhoseAnswerIsLostMayHaveBeenDone) {
  for (const Fault& fault : {Fault{Fault::Kind::kLost}, Fault{Fault::Kind::kForgotten, 504}}) {
    const Faulty faulty(Traffic::kChange, {fault});
    EXPECT_FALSE(put(faulty)) << to_text(fault);
    EXPECT_EQ(faulty.server.requests("PUT " + kPod).size(), 1U) << to_text(fault);
  }
}

TEST(FaultyPath, AnAnswerThatStallsEndsTheWait) {
  const Faulty faulty(Traffic::kChange, {{.kind = Fault::Kind::kStalled, .time = 10s}});
  EXPECT_EQ(put(faulty).error().kind, ApiError::Kind::kTimeout);
}

TEST(Weather, IsTheSameForTheSameSeed) {
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const Weather one{seed};
    const Weather other{seed};
    EXPECT_EQ(one.text(), other.text());
    for (std::uint64_t n = 0; n < 100; ++n)
      EXPECT_EQ(to_text(one.fault(Traffic::kWatch, n)), to_text(other.fault(Traffic::kWatch, n)));
  }
}

TEST(Weather, LetsMostRequestsPass) {
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const Weather weather{seed};
    int met = 0;
    for (std::uint64_t n = 0; n < 1000; ++n)
      met += weather.fault(Traffic::kRead, n).kind != Fault::Kind::kNone;
    EXPECT_LT(met, 250) << seed << " " << weather.text();
  }
}

}  // namespace
}  // namespace stateproof::kube
