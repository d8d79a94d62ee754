#include "harness/model/bounded_json.h"

#include <gtest/gtest.h>

#include <string>

namespace stateproof {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseBoundedJson, GivesWhatIsWithinTheLimits) {
  EXPECT_EQ(parse_bounded_json(R"({"a":[1,"[[[{\"",true]})"), nlohmann::json({{"a", {1, "[[[{\"", true}}}));
  EXPECT_TRUE(parse_bounded_json(nested(200)));
}

TEST(ParseBoundedJson, RefusesWhatIsTooDeep) {
  EXPECT_FALSE(parse_bounded_json(nested(201)));
  EXPECT_FALSE(parse_bounded_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_bounded_json(nested(100'000)));
}

TEST(ParseBoundedJson, RefusesMoreValuesThanAnybodyNeeds) {
  EXPECT_TRUE(parse_bounded_json("[1,2,3]", {.values = 4}));
  EXPECT_FALSE(parse_bounded_json("[1,2,3,4]", {.values = 4}));
  EXPECT_TRUE(parse_bounded_json(R"(["1,2,3,4,5"])", {.values = 4}));
}

TEST(ParseBoundedJson, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "nope", "[1", "\"", "\"\\", "{\"a\":\xff}"})
    EXPECT_FALSE(parse_bounded_json(text)) << text;
}

}  // namespace
}  // namespace stateproof
