#include "harness/kube/list_limits.h"

#include <fmt/format.h>

namespace stateproof::kube {
namespace {

constexpr std::size_t kMostPages = 1000;             // half a million objects
constexpr std::size_t kMostListBytes = 256U << 20U;  // of all pages

}  // namespace

std::optional<ApiError> ListLimits::take(const ListPage& page, std::size_t bytes,
                                         const HttpRequest& request) {
  ++pages_;
  bytes_ += bytes;
  const bool repeats = !page.continue_token.empty() && page.continue_token == last_token_;
  last_token_ = page.continue_token;
  if (repeats)
    return ApiError::of(ApiError::Kind::kProtocol, "a list whose next page is always the same one",
                        request.shown());
  if (bytes_ > kMostListBytes || (pages_ >= kMostPages && !page.continue_token.empty()))
    return ApiError::of(ApiError::Kind::kProtocol,
                        fmt::format("a list without an end: {} pages, {} MiB so far", pages_, bytes_ >> 20U),
                        request.shown());
  return std::nullopt;
}

}  // namespace stateproof::kube
