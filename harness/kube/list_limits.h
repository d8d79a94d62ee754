#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "harness/kube/list_page.h"

namespace stateproof::kube {

/// What one LIST may come to, in however many pages: a server that always has one more must not go on for
/// ever, nor fill the memory.
class ListLimits {
 public:
  /// Counts a page. The error when the list is endless.
  std::optional<ApiError> take(const ListPage& page, std::size_t bytes, const HttpRequest& request);

 private:
  std::size_t pages_ = 0;
  std::size_t bytes_ = 0;
  std::string last_token_;
};

}  // namespace stateproof::kube
