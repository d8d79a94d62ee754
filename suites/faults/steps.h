#pragma once

#include "harness/model/steps.h"

/// Steps that only the play of a fault has; no checker judges them.
namespace stateproof::steps {

using Diagnose = Plain<"diagnose">;
using Remedy = Plain<"remedy">;
using Healed = Plain<"healed">;
using Healthy = Plain<"healthy">;
using Roll = Plain<"roll">;
using Schedule = Plain<"schedule">;
using LoseVolume = OnPod<"lose-volume">;

}  // namespace stateproof::steps
