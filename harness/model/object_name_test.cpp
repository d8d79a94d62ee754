#include "harness/model/object_name.h"

#include <gtest/gtest.h>

#include <string>

namespace stateproof {
namespace {

using nlohmann::json;

TEST(ObjectName, IsASegmentOfAPath) {
  for (const char* name : {"mariadb-0", "a", "system:node", "web.17c1", "x_y"})
    EXPECT_TRUE(is_object_name(name)) << name;
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("../../etc/cron.d/x"),
        std::string("a/b"), std::string("a b"), std::string("a;rm"), std::string("$(x)"), std::string("a\nb"),
        std::string("-rf"), std::string("a\0b", 3), std::string("\xe2\x80\xae"), std::string(254, 'a')})
    EXPECT_FALSE(is_object_name(name)) << name;
}

TEST(ObjectName, IsAskedOfBothNames) {
  EXPECT_TRUE(has_object_names({{"metadata", {{"name", "a"}, {"namespace", "shop"}}}}));
  EXPECT_TRUE(has_object_names({{"metadata", {{"name", ""}}}}));
  EXPECT_TRUE(has_object_names(json::object()));
  EXPECT_FALSE(has_object_names({{"metadata", {{"name", "a"}, {"namespace", "../x"}}}}));
  EXPECT_FALSE(has_object_names({{"metadata", {{"name", 7}}}}));
}

TEST(NamespacedName, HasTwoParts) {
  EXPECT_EQ(parse_namespaced_name("shop/db"), (std::pair<std::string, std::string>{"shop", "db"}));
  for (const char* text : {"db", "/db", "shop/", ""})
    EXPECT_EQ(parse_namespaced_name(text), std::nullopt) << text;
}

}  // namespace
}  // namespace stateproof
