#include "harness/model/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof {
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
        Told{"API_KEY=hunter2", "API_KEY=(redacted)"}, Told{"--password=hunter2", "--password=(redacted)"},
        Told{"MYSQL_PWD=hunter2 mysql", "MYSQL_PWD=(redacted) mysql"},
        Told{"DB_PASS=hunter2", "DB_PASS=(redacted)"}, Told{"dbPass: hunter2", "dbPass: (redacted)"},
        Told{"REDIS_AUTH=hunter2", "REDIS_AUTH=(redacted)"},
        Told{"password='hunter 2' x", "password='(redacted)' x"},
        Told{R"(password="hun\"ter2" x)", R"x(password="(redacted)" x)x"},
        Told{R"({\"password\":\"hunter2\",\"x\":1})", R"x({\"password\":\"(redacted)\",\"x\":1})x"},
        Told{"password=hun,ter2;x)y", "password=(redacted)"},
        Told{"(password=hunter2), x", "(password=(redacted)), x"},
        Told{"Server=db;PWD=hunter2", "Server=db;PWD=(redacted)"},
        Told{"CREATE USER 'a'@'%' IDENTIFIED BY 'hunter2'", "CREATE USER 'a'@'%' IDENTIFIED BY '(redacted)'"},
        Told{"identified via mysql_native_password using '*94BD'",
             "identified via mysql_native_password using '(redacted)'"},
        Told{"SET PASSWORD FOR a = PASSWORD('hunter2');", "SET PASSWORD FOR a = PASSWORD('(redacted)');"},
        Told{"Authorization: Basic aHVudGVyMg==\nx", "Authorization: Basic (redacted)\nx"},
        Told{R"("Proxy-Authorization":["hunter2 3"])", R"x("Proxy-Authorization":["(redacted)"])x"},
        Told{"-----BEGIN RSA PRIVATE KEY-----\nMII\nabc\n-----END RSA PRIVATE KEY-----\nx",
             "-----BEGIN RSA PRIVATE KEY-----(redacted)-----END RSA PRIVATE KEY-----\nx"},
        Told{"-----BEGIN PRIVATE KEY-----\nMII", "-----BEGIN PRIVATE KEY-----(redacted)"},
        Told{"client-key-data: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t", "client-key-data: (redacted)"},
        Told{"exec --password hunter2 --x", "exec --password (redacted) --x"},
        Told{"mysql -uroot -phunter2 -e 'x'", "mysql -uroot -p(redacted) -e 'x'"},
        Told{"mariadb-dump -u root '-phunter2'", "mariadb-dump -u root '-p(redacted)'"},
        Told{"curl -u me:hunter2 https://x", "curl -u me:(redacted) https://x"},
        Told{"https://me:hun@ter2@host/x", "https://(redacted)@host/x"},
        Told{"root:hunter2@tcp(db:3306)/x", "root:(redacted)@tcp(db:3306)/x"},
        Told{"requirepass hunter2", "requirepass (redacted)"},
        Told{"pushed by ghp_0123456789abcdef0123", "pushed by (redacted)"}));

INSTANTIATE_TEST_SUITE_P(
    KeepsWhatIsEvidence, RedactedText,
    testing::Values(Told{"Access denied for user 'a'@'b' (using password: YES)",
                         "Access denied for user 'a'@'b' (using password: YES)"},
                    Told{"MARIADB_PASSWORD=$PASSWORD", "MARIADB_PASSWORD=$PASSWORD"},
                    Told{"PASSWORD_FILE=/run/secrets/p", "PASSWORD_FILE=/run/secrets/p"},
                    Told{R"(secret "mariadb" not found)", R"(secret "mariadb" not found)"},
                    Told{"https://10.0.0.1:6443/api", "https://10.0.0.1:6443/api"},
                    Told{"PWD=/var/lib/mysql", "PWD=/var/lib/mysql"},
                    Told{"passed: 3, bypass=1", "passed: 3, bypass=1"},
                    Told{"mkdir -parents", "mkdir -parents"}, Told{"ssh://git@host/x", "ssh://git@host/x"},
                    Told{"-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMII"},
                    Told{"--password --verbose", "--password --verbose"},
                    Told{"mysql --password=$MYSQL_PWD -p$WORD", "mysql --password=$MYSQL_PWD -p$WORD"},
                    Told{"", ""}, Told{"password", "password"}, Told{"password=", "password="}));

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

TEST(RedactedObject, TakesThePasswordsOfCommandLines) {
  const json pod = redacted_object(json{{"containers",
                                         {{{"image", "mariadb:11"}, {"args", {"-uroot", "-phunter2"}}},
                                          {{"command", {"backup", "--password", "hunter2", "--into", "x"}}},
                                          {{"command", {"sh", "-c", "exec mysql -phunter2"}}}}}});
  EXPECT_THAT(pod.dump(), testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_EQ(pod["containers"][1]["command"][4], "x");
}

TEST(DiscreetObject, KeepsNoLiteralOfAnyVariable) {
  const json pod = discreet_object(json{{"containers",
                                         {{{"env",
                                            {{{"name", "DB_HOST"}, {"value", "hunter2"}},
                                             {{"name", "A"}, {"valueFrom", {{"fieldRef", "x"}}}}}}}}}});
  EXPECT_THAT(pod.dump(), testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_EQ(pod["containers"][0]["env"][1]["valueFrom"]["fieldRef"], "x");
}

TEST(RedactedText, ComesToAnEndWhateverItIsGiven) {
  for (const std::string& odd :
       {std::string(100'000, '='), std::string(100'000, '\\'), std::string(50'000, '-'),
        std::string("password=\""), std::string("password='\\"), std::string("IDENTIFIED '"),
        std::string("-----BEGIN PRIVATE KEY-----"), std::string("Authorization:")})
    EXPECT_FALSE(redacted_text(odd).empty());
}

}  // namespace
}  // namespace stateproof
