#include "harness/model/claim_size.h"

#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof {

using namespace fields;

ClaimSize claim_size(const nlohmann::json& claim) {
  const nlohmann::json& status = member(claim, "status");
  const auto bytes = [](const nlohmann::json& amounts) {
    return parse_quantity(text(amounts, "storage")).value_or(0);
  };
  ClaimSize size;
  size.requested = bytes(member(member(member(claim, "spec"), "resources"), "requests"));
  size.capacity = bytes(member(status, "capacity"));
  for (const nlohmann::json& condition : member(status, "conditions"))
    if (text(condition, "type") == "FileSystemResizePending")
      size.awaits_node = text(condition, "status") == "True";
  return size;
}

}  // namespace stateproof
