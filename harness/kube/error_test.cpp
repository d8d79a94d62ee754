#include "harness/kube/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::kube {
namespace {

using Kind = ApiError::Kind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ApiError answered(int status, std::string reason, std::string message) {
  ApiError error = ApiError::of(Kind::kStatus, std::move(message), "GET /api/v1/pods");
  error.http_status = status;
  error.reason = std::move(reason);
  return error;
}

TEST(ErrorSentence, OfForbiddenNamesUserVerbResourceNamespaceAndTheCheck) {
  const auto error =
      answered(403, "Forbidden",
               "statefulsets.apps is forbidden: User \"jo\" cannot list resource \"statefulsets\" in "
               "API group \"apps\" in the namespace \"shop\"");
  EXPECT_EQ(error.sentence(),
            "user \"jo\" may not list statefulsets in namespace \"shop\"; grant it with a role and check it "
            "with `kubectl auth can-i list statefulsets.apps -n shop`");
}

TEST(ErrorSentence, OfForbiddenInTheWholeClusterAsksWithoutANamespace) {
  const auto error =
      answered(403, "Forbidden",
               "nodes is forbidden: User \"jo\" cannot watch resource \"nodes\" in API group \"\" at "
               "the cluster scope");
  EXPECT_THAT(error.sentence(), AllOf(HasSubstr("may not watch nodes in the whole cluster"),
                                      HasSubstr("`kubectl auth can-i watch nodes`")));
}

TEST(ErrorSentence, OfAForbiddenSubresourceAsksForTheSubresource) {
  const auto error =
      answered(403, "Forbidden",
               "pods \"mariadb-0\" is forbidden: User \"jo\" cannot create resource \"pods/exec\" in "
               "API group \"\" in the namespace \"shop\"");
  EXPECT_THAT(error.sentence(),
              AllOf(HasSubstr("may not create pods/exec in namespace \"shop\""),
                    HasSubstr("kubectl auth can-i create pods --subresource=exec -n shop")));
}

TEST(ErrorSentence, OfARefusalByAdmissionShowsItsWordsAndDoesNotBlameRoles) {
  const auto error = answered(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: small");
  EXPECT_THAT(error.sentence(), AllOf(HasSubstr("exceeded quota: small"), Not(HasSubstr("can-i"))));
}

TEST(ErrorSentence, OfUnauthorizedSaysToRenewTheCredentials) {
  EXPECT_THAT(answered(401, "Unauthorized", "Unauthorized").sentence(),
              AllOf(HasSubstr("does not accept the credentials"), HasSubstr("kubectl auth whoami")));
}

TEST(ErrorSentence, OfTooManyRequestsSaysWhenToTryAgain) {
  auto error = answered(429, "TooManyRequests", "slow down");
  error.retry_after = std::chrono::seconds{7};
  EXPECT_THAT(error.sentence(), HasSubstr("try again in 7 s"));
}

TEST(ErrorSentence, OfAServerErrorPointsAtTheServer) {
  EXPECT_THAT(answered(500, "InternalError", "etcdserver: request timed out").sentence(),
              AllOf(HasSubstr("etcdserver: request timed out"), HasSubstr("/readyz")));
}

TEST(ErrorSentence, OfTlsGivesTheStepThatFitsTheCause) {
  const auto tls = [](const char* cause) {
    return ApiError::of(Kind::kTls, cause, "GET /version").sentence();
  };
  EXPECT_THAT(tls("SSL certificate problem: certificate has expired"), HasSubstr("renew the certificate"));
  EXPECT_THAT(tls("SSL: no alternative certificate subject name matches target host name '10.0.0.1'"),
              HasSubstr("tls-server-name"));
  EXPECT_THAT(tls("SSL certificate problem: unable to get local issuer certificate"),
              HasSubstr("certificate-authority-data"));
  EXPECT_THAT(tls("error:0A000412:SSL routines::sslv3 alert bad certificate"),
              HasSubstr("client-certificate"));
  EXPECT_THAT(tls("error:0A00010B:SSL routines::wrong version number"), HasSubstr("does not speak TLS"));
}

TEST(ErrorSentence, OfAnUnreachableServerSaysWhatWasTried) {
  const auto error = ApiError::of(Kind::kConnection, "Failed to connect to 127.0.0.1 port 1", "GET /version");
  EXPECT_THAT(error.sentence(), AllOf(HasSubstr("127.0.0.1 port 1"), HasSubstr("GET /version"),
                                      HasSubstr("check that the cluster is running")));
}

TEST(StatusObject, GivesReasonDetailsAndTheWaitThatItAsksFor) {
  const auto error = error_from_status({{"kind", "Status"},
                                        {"code", 429},
                                        {"reason", "TooManyRequests"},
                                        {"message", "disruption budget"},
                                        {"details", {{"retryAfterSeconds", 10}}}},
                                       200, "POST /x");
  EXPECT_TRUE(error.is_too_many_requests());
  EXPECT_EQ(error.reason, "TooManyRequests");
  EXPECT_EQ(error.retry_after, std::chrono::seconds{10});
  EXPECT_EQ(error.details["retryAfterSeconds"], 10);
}

TEST(StatusObject, OfTheWrongShapeKeepsTheHttpStatus) {
  EXPECT_EQ(error_from_status(nlohmann::json::array(), 500, "GET /x").http_status, 500);
  EXPECT_EQ(error_from_status({{"code", "500"}, {"message", 7}}, 502, "GET /x").http_status, 502);
}

}  // namespace
}  // namespace stateproof::kube
