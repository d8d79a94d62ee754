#include "harness/evidence/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::evidence {
namespace {

using nlohmann::json;

struct Told {
  std::string text;
  std::string kept;
};

class RedactedText : public testing::TestWithParam<Told> {};

TEST_P(RedactedText, HoldsNoCredential) { EXPECT_EQ(redacted_text(GetParam().text), GetParam().kept); }

INSTANTIATE_TEST_SUITE_P(
    Lines, RedactedText,
    testing::Values(
        Told{"password=hunter2 host=db", "password=(redacted) host=db"},
        Told{"MARIADB_ROOT_PASSWORD: 'hunter2'", "MARIADB_ROOT_PASSWORD: '(redacted)'"},
        Told{R"({"apiToken": "hunter2", "x": 1})", R"x({"apiToken": "(redacted)", "x": 1})x"},
        Told{"GENERATED ROOT PASSWORD: hunter2\nready", "GENERATED ROOT PASSWORD: (redacted)\nready"},
        Told{"Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "Authorization: Bearer (redacted)"},
        Told{"got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln!", "got (redacted)!"},
        Told{"dial mysql://root:hunter2@db:3306/x", "dial mysql://(redacted)@db:3306/x"},
        Told{"API_KEY=hunter2", "API_KEY=(redacted)"}, Told{"--password=hunter2", "--password=(redacted)"}));

INSTANTIATE_TEST_SUITE_P(
    KeepsWhatIsEvidence, RedactedText,
    testing::Values(Told{"Access denied for user 'a'@'b' (using password: YES)",
                         "Access denied for user 'a'@'b' (using password: YES)"},
                    Told{"MARIADB_PASSWORD=$PASSWORD", "MARIADB_PASSWORD=$PASSWORD"},
                    Told{"PASSWORD_FILE=/run/secrets/p", "PASSWORD_FILE=/run/secrets/p"},
                    Told{R"(secret "mariadb" not found)", R"(secret "mariadb" not found)"},
                    Told{"https://10.0.0.1:6443/api", "https://10.0.0.1:6443/api"}, Told{"", ""},
                    Told{"password", "password"}, Told{"password=", "password="}));

TEST(RedactedObject, LosesLiteralSecretsAndWhatRepeatsThem) {
  const json pod = redacted_object(
      json{{"metadata",
            {{"name", "a"},
             {"managedFields", {{{"manager", "x"}}}},
             {"annotations",
              {{"kubectl.kubernetes.io/last-applied-configuration", "{\"password\":\"hunter2\"}"},
               {"vault-token", "hunter2"},
               {"purpose", "test"}}}}},
           {"spec",
            {{"containers",
              {{{"env",
                 {{{"name", "DB_PASSWORD"}, {"value", "hunter2"}},
                  {{"name", "DB_HOST"}, {"value", "db"}},
                  {{"name", "FROM_SECRET"},
                   {"valueFrom", {{"secretKeyRef", {{"name", "mariadb"}, {"key", "password"}}}}}}}},
                {"args", {"--token=hunter2", "--verbose"}}}}}}}});
  EXPECT_THAT(pod.dump(), testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_FALSE(pod["metadata"].contains("managedFields"));
  EXPECT_EQ(pod["metadata"]["annotations"], json({{"purpose", "test"}, {"vault-token", "(redacted)"}}));
  const json& env = pod["spec"]["containers"][0]["env"];
  EXPECT_EQ(env[1]["value"], "db");
  EXPECT_EQ(env[2]["valueFrom"]["secretKeyRef"]["key"], "password");
}

TEST(RedactedObject, KeepsFieldsThatOnlySoundSecret) {
  const json spec{{"automountServiceAccountToken", false},
                  {"volumes", {{{"name", "s"}, {"secret", {{"secretName", "mariadb"}}}}}}};
  EXPECT_EQ(redacted_object(spec), spec);
}

TEST(RedactedObject, TakesSecretDataOfAConfigMap) {
  const json map =
      redacted_object(json{{"data", {{"db-password", "hunter2"}, {"my.cnf", "password = hunter2\nport=1"}}}});
  EXPECT_EQ(map["data"]["db-password"], "(redacted)");
  EXPECT_EQ(map["data"]["my.cnf"], "password = (redacted)\nport=1");
}

}  // namespace
}  // namespace stateproof::evidence
