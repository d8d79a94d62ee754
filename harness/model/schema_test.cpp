#include "harness/model/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace stateproof::schema {

struct Sample {
  enum class Colour { kRed, kBlue };
  std::string name = {};
  Colour colour = Colour::kRed;
  int writer = 0;
  std::int64_t first = 1;
  bool loud = false;
  std::vector<std::chrono::microseconds> times = {};
  std::map<int, std::int64_t> newest = {};
  std::vector<std::pair<std::int64_t, std::int64_t>> runs = {};
};

template <>
struct Words<Sample::Colour> {
  static constexpr std::array all{std::pair{Sample::Colour::kRed, "red"},
                                  std::pair{Sample::Colour::kBlue, "blue"}};
};

template <>
struct Fields<Sample> {
  static void of(auto& sample, auto&& field) {
    field("name", sample.name);
    field("colour", sample.colour);
    field("writer", sample.writer);
    field("first", sample.first, Bounds{1, 100});
    field.optional("loud", sample.loud);
    field("times", Deltas{sample.times});
    field("newest", sample.newest);
    field("runs", sample.runs);
  }
  static void check(const Sample& sample) {
    if (sample.name == "nobody") throw Unfit("nobody is nobody");
  }
};

namespace {

using nlohmann::json;
using std::chrono::microseconds;
using testing::ElementsAre;
using testing::HasSubstr;

json written() {
  return write(Sample{.name = "n",
                      .colour = Sample::Colour::kBlue,
                      .writer = 2,
                      .first = 7,
                      .times = {microseconds{5}, microseconds{9}, microseconds{8}},
                      .newest = {{0, 9}, {1, 8}},
                      .runs = {{1, 2}, {4, 4}}});
}

/// Why this value is refused at that field.
std::string why(const char* key, const json& value) {
  json sample = written();
  sample[key] = value;
  try {
    (void)read<Sample>(sample);
  } catch (const Unfit& unfit) {
    return unfit.what();
  }
  return "it is not";
}

TEST(Schema, OneDeclarationWritesAndReads) {
  EXPECT_EQ(written(), json::parse(R"({"name":"n","colour":"blue","writer":2,"first":7,"times":[5,4,-1],
                                       "newest":[[0,9],[1,8]],"runs":[[1,2],[4,4]]})"));
  const auto back = read<Sample>(written());
  EXPECT_EQ(write(back), written());
  EXPECT_EQ(back.colour, Sample::Colour::kBlue);
  EXPECT_THAT(back.times, ElementsAre(microseconds{5}, microseconds{9}, microseconds{8}));
}

TEST(Schema, AFieldOfAnotherTypeIsRefusedByName) {
  EXPECT_EQ(why("name", 5), "\"name\" is not text");
  EXPECT_EQ(why("loud", "yes"), "\"loud\" is not true or false");
  EXPECT_EQ(why("colour", "green"), "\"colour\" is not one of the allowed words, but \"green\"");
  EXPECT_EQ(why("colour", 3), "\"colour\" is not one of the allowed words, but \"something else\"");
  EXPECT_EQ(why("times", 3), "\"times\" is not a list");
  EXPECT_EQ(why("runs", {{1, 2, 3}}), "\"runs\" is not a pair");
  EXPECT_EQ(why("name", "nobody"), "nobody is nobody");
}

TEST(Schema, ANumberIsNeverCast) {
  for (const json& number : {json(1.5), json(7.0), json(1e300), json(-1), json(1'000'001), json("7"),
                             json(18446744073709551615U), json(nullptr)})
    EXPECT_EQ(why("writer", number), "\"writer\" is not a whole number from 0 to 1000000") << number;
  EXPECT_EQ(why("first", 0), "\"first\" is not a whole number from 1 to 100");
  EXPECT_EQ(why("first", 3'000'000'000), "\"first\" is not a whole number from 1 to 100");
  EXPECT_THAT(why("newest", {{0, 1e12}}), HasSubstr("\"newest\" is not a whole number"));
  EXPECT_THAT(why("times", {INT64_MAX, INT64_MAX}), HasSubstr("\"times\" is not a whole number"));
  EXPECT_EQ(why("times", json(std::vector<std::int64_t>(3, kTime.most))), "\"times\" is too long a time");
}

TEST(Schema, AMissingFieldIsRefusedUnlessItIsOptional) {
  json sample = written();
  sample["loud"] = true;
  EXPECT_TRUE(read<Sample>(sample).loud);
  sample.erase("loud");
  EXPECT_FALSE(read<Sample>(sample).loud);
  sample.erase("name");
  EXPECT_THROW((void)read<Sample>(sample), Unfit);
  EXPECT_THROW((void)read<Sample>(json::array()), Unfit);
}

TEST(Parse, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse(nested(kDeepest)).is_array());
  EXPECT_THROW((void)parse(nested(kDeepest + 1)), Unfit);
  EXPECT_THROW((void)parse(nested(100'000)), Unfit);
  EXPECT_THROW((void)parse(std::string(100'000, '{')), Unfit);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_THROW((void)parse(objects), Unfit);
}

TEST(Parse, CountsNoBracketsWithinTexts) {
  const std::string brackets(1000, '[');
  EXPECT_EQ(parse("\"" + brackets + "\""), brackets);
  EXPECT_EQ(parse(R"({"a\"[":")" + brackets + "\"}").size(), 1U);
  EXPECT_THROW((void)parse("\"\\"), Unfit);
  EXPECT_THROW((void)parse(""), Unfit);
  EXPECT_THROW((void)parse("nonsense"), Unfit);
}

}  // namespace
}  // namespace stateproof::schema
