#include "harness/kube/exec_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::kube {
namespace {

using ::testing::HasSubstr;

struct StatusCase {
  const char* name;
  const char* json;
  int exit_code;  ///< -1: an ApiError of `kind`
  ApiError::Kind kind = ApiError::Kind::kProtocol;
  int http_status = 0;
};

class ExecStatus : public ::testing::TestWithParam<StatusCase> {};

TEST_P(ExecStatus, IsAnExitCodeOrAnError) {
  const auto& expected = GetParam();
  const auto code = parse_exec_status(expected.json, "GET /exec");
  if (expected.exit_code >= 0) {
    ASSERT_TRUE(code) << code.error().sentence();
    EXPECT_EQ(*code, expected.exit_code);
    return;
  }
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().kind, expected.kind);
  EXPECT_EQ(code.error().http_status, expected.http_status);
  EXPECT_EQ(code.error().request, "GET /exec");
}

constexpr StatusCase kCases[] = {
    StatusCase{"Success", R"({"metadata":{},"status":"Success"})", 0},
    StatusCase{
        "ExitCode",
        R"({"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 7",
                       "details":{"causes":[{"reason":"ExitCode","message":"7"}]}})",
        7},
    StatusCase{"ExitCodeBehindAnotherCause",
               R"({"status":"Failure","reason":"NonZeroExitCode",
                       "details":{"causes":[{"reason":"Other","message":"1"},{"reason":"ExitCode","message":"137"}]}})",
               137},
    StatusCase{"NoContainer",
               R"({"status":"Failure","reason":"NotFound","message":"no container \"db\"","code":404})", -1,
               ApiError::Kind::kStatus, 404},
    StatusCase{"RuntimeFailed", R"({"status":"Failure","reason":"InternalError","message":"no such file"})",
               -1, ApiError::Kind::kStatus, 500},
    StatusCase{"NoCause", R"({"status":"Failure","reason":"NonZeroExitCode"})", -1},
    StatusCase{"CausesAreNoList",
               R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":{}}})", -1},
    StatusCase{"CauseIsNoObject",
               R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[1]}})", -1},
    StatusCase{"CodeIsNoNumber",
               R"({"status":"Failure","reason":"NonZeroExitCode",
                       "details":{"causes":[{"reason":"ExitCode","message":"7x"}]}})",
               -1},
    StatusCase{
        "CodeIsEmpty",
        R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode"}]}})",
        -1},
    StatusCase{"ZeroIsNoFailure",
               R"({"status":"Failure","reason":"NonZeroExitCode",
                       "details":{"causes":[{"reason":"ExitCode","message":"0"}]}})",
               -1},
    StatusCase{"UnknownStatus", R"({"status":"Perhaps"})", -1},
    StatusCase{"StatusIsNoText", R"({"status":1})", -1},
    StatusCase{"NoObject", R"([])", -1},
    StatusCase{"NoJson", "error: oops", -1},
    StatusCase{"Empty", "", -1},
};

INSTANTIATE_TEST_SUITE_P(All, ExecStatus, ::testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.name; });

TEST(ExecStatus, ErrorKeepsTheServersWords) {
  const auto code = parse_exec_status(
      R"({"status":"Failure","reason":"InternalError","message":"exec: \"foo\": not found","code":500,"details":{"a":1}})",
      "GET /exec");
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().reason, "InternalError");
  EXPECT_THAT(code.error().message, HasSubstr("\"foo\": not found"));
  EXPECT_EQ(code.error().details["a"], 1);
}

}  // namespace
}  // namespace stateproof::kube
