#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "harness/kube/client.h"
#include "harness/model/rfc3339.h"

namespace stateproof::kube {

/// Lists page by page and hands each object over as it arrives, apiVersion and kind filled in, so that a
/// large cluster is never held as a whole. Gives the time at which the server began to answer, by its own
/// clock; nothing when it does not tell. An error ends it, after objects may have been handed over already.
Result<std::optional<Timestamp>> stream_objects(const Client& client, const Resource& r, std::string_view ns,
                                                int page_size,
                                                const std::function<void(nlohmann::json&&)>& take);

}  // namespace stateproof::kube
