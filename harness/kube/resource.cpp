#include "harness/kube/resource.h"

#include "harness/kube/url.h"

namespace stateproof::kube {

std::string Resource::path(std::string_view ns, std::string_view name, std::string_view subresource) const {
  std::string path = group.empty() ? "/api" : "/apis";
  const auto append = [&path](std::string_view segment) {
    if (!segment.empty()) path += '/' + percent_encoded(segment);
  };
  append(group);
  append(version);
  if (namespaced && !ns.empty()) {
    append("namespaces");
    append(ns);
  }
  append(plural);
  append(name);
  append(subresource);
  return path;
}

}  // namespace stateproof::kube
