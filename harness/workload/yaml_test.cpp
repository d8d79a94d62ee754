#include "harness/workload/yaml.h"

#include <gtest/gtest.h>

namespace stateproof::workload {
namespace {

using nlohmann::json;

json value_of(std::string_view text) { return read_yaml(text).at(0).value; }

int line_of_error(std::string_view text) {
  try {
    (void)read_yaml(text);
  } catch (const BadYaml& bad) {
    return bad.line;
  }
  return 0;
}

TEST(Yaml, ScalarsAreReadAsKubectlReadsThem) {
  EXPECT_EQ(
      value_of("{mode: 0644, new: 0o17, plain: 10, zero: 0, real: 1.5, size: 1Gi, yes: \"0644\", no: 08, "
               "none: ~}"),
      json::parse(R"({"mode":420,"new":15,"plain":10,"zero":0,"real":1.5,"size":"1Gi","yes":"0644","no":8.0,
                            "none":null})"));
}

TEST(Yaml, AnchorsAndMergeKeysAreResolved) {
  EXPECT_EQ(value_of("base: &b {a: 1, b: 2}\nmore: {<<: *b, b: 3}\nsame: *b\n").at("more"),
            json::parse(R"({"a":1,"b":3})"));
}

TEST(Yaml, EmptyDocumentsAreLeftOutAndLinesAreKnown) {
  const auto documents = read_yaml("---\n# nothing\n---\na:\n  b:\n    - c: 1\n    - d: 2\n---\ne: 1\n");
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[0].line, 4);
  EXPECT_EQ(documents[0].line_of("/a/b/1/d"), 7);
  EXPECT_EQ(documents[0].line_of("/a/b/1/x"), 7);
  EXPECT_EQ(documents[1].line_of("/e"), 9);
}

TEST(Yaml, WhatIsNoneNamesItsLine) {
  EXPECT_EQ(line_of_error("a: 1\nb: [\n"), 3);
  EXPECT_EQ(line_of_error("a: 1\nb: 2\na: 3\n"), 3);
}

TEST(Yaml, AliasesDoNotMakeAShortTextHuge) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string former = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ", ") + former;
    text += "]\n";
  }
  EXPECT_GT(line_of_error(text), 0);
  EXPECT_GT(line_of_error(std::string(200, '[') + std::string(200, ']')), 0);
}

}  // namespace
}  // namespace stateproof::workload
