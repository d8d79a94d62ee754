#include "harness/kube/resource.h"

#include <gtest/gtest.h>

#include "harness/kube/url.h"

namespace stateproof::kube {
namespace {

TEST(ResourcePath, OfTheCoreGroupStartsWithApi) {
  EXPECT_EQ(kPods.path("shop", "mariadb-0"), "/api/v1/namespaces/shop/pods/mariadb-0");
}

TEST(ResourcePath, OfANamedGroupStartsWithApis) {
  EXPECT_EQ(kStatefulSets.path("shop", "mariadb", "scale"),
            "/apis/apps/v1/namespaces/shop/statefulsets/mariadb/scale");
}

TEST(ResourcePath, WithoutANamespaceMeansAllNamespaces) { EXPECT_EQ(kPods.path(""), "/api/v1/pods"); }

TEST(ResourcePath, OfAClusterResourceHasNoNamespace) {
  EXPECT_EQ(kNodes.path("ignored", "node-1"), "/api/v1/nodes/node-1");
}

TEST(ResourcePath, EncodesWhatWouldLeaveItsSegment) {
  EXPECT_EQ(kPods.path("a/b", "../x?y#z"), "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%23z");
}

TEST(PercentEncoding, KeepsTheUnreservedAndEncodesEveryByteOfTheRest) {
  EXPECT_EQ(percent_encoded("aZ9-._~ +&=ü"), "aZ9-._~%20%2B%26%3D%C3%BC");
}

TEST(QueryText, JoinsParametersAndLeavesUnsetOnesAway) {
  EXPECT_EQ(Query{}.text(), "");
  EXPECT_EQ(
      Query{}.add("labelSelector", "app=x,tier in (a)").add_if_set("continue", "").add("limit", "5").text(),
      "?labelSelector=app%3Dx%2Ctier%20in%20%28a%29&limit=5");
}

}  // namespace
}  // namespace stateproof::kube
