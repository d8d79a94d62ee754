#include "harness/evidence/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::evidence {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

const json kPod{
    {"kind", "Pod"},
    {"metadata", {{"name", "web-0"}, {"namespace", "shop"}, {"uid", "u-1"}}},
    {"spec",
     {{"nodeName", "worker"},
      {"volumes", {{{"name", "d"}, {"persistentVolumeClaim", {{"claimName", "d-web-0"}}}}}}}},
    {"status",
     {{"phase", "Running"},
      {"conditions", {{{"type", "Ready"}, {"status", "False"}, {"reason", "ContainersNotReady"}}}},
      {"containerStatuses",
       {{{"name", "web"},
         {"ready", false},
         {"restartCount", 3},
         {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
         {"lastState", {{"terminated", {{"exitCode", 137}, {"reason", "OOMKilled"}}}}}}}}}}};

json event(const char* time, const char* uid, const char* message) {
  return {{"kind", "Event"},
          {"lastTimestamp", time},
          {"type", "Warning"},
          {"reason", "BackOff"},
          {"message", message},
          {"involvedObject", {{"kind", "Pod"}, {"namespace", "shop"}, {"name", "web-0"}, {"uid", uid}}}};
}

TEST(Describe, APodWithItsStateAndItsEvents) {
  const std::string text = describe(
      {{"Pod", {kPod}},
       {"Event",
        {event("2026-03-01T10:00:02Z", "u-1", "mine"), event("2026-03-01T10:00:01Z", "u-0", "of another")}}});
  EXPECT_THAT(text, AllOf(HasSubstr("Pod shop/web-0"), HasSubstr("worker"), HasSubstr("d-web-0"),
                          HasSubstr("ContainersNotReady"), HasSubstr("restarted 3 times"),
                          HasSubstr("CrashLoopBackOff"), HasSubstr("OOMKilled"), HasSubstr("exitCode=137")));
  EXPECT_THAT(text, AllOf(HasSubstr("mine"), testing::Not(HasSubstr("of another"))));
}

TEST(Describe, SetsComeBeforePodsAndNodesAfterThem) {
  const auto named = [](const char* kind) { return json{{"kind", kind}, {"metadata", {{"name", "x"}}}}; };
  const std::string text =
      describe({{"Node", {named("Node")}}, {"Pod", {named("Pod")}}, {"StatefulSet", {named("StatefulSet")}}});
  EXPECT_LT(text.find("StatefulSet x"), text.find("Pod x"));
  EXPECT_LT(text.find("Pod x"), text.find("Node x"));
}

TEST(Describe, ObjectsOfAnUnknownShapeDoNoHarm) {
  const json odd{{"kind", "Pod"}, {"metadata", "none"}, {"spec", nullptr}, {"status", {{"conditions", 7}}}};
  EXPECT_THAT(describe({{"Pod", {odd, json::object(), json(3)}}}), HasSubstr("Pod "));
}

TEST(Events, AreInTheOrderOfTheirTime) {
  const std::string text = events_text(
      {event("2026-03-01T10:00:02Z", "u", "second"), event("2026-03-01T10:00:01Z", "u", "first")});
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_THAT(text, HasSubstr("[Pod shop/web-0]"));
}

}  // namespace
}  // namespace stateproof::evidence
