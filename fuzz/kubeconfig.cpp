#include "harness/kube/kubeconfig.h"

#include "fuzz/target.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{fuzz::text_of(data, size)};
  for (const char* context : {"", "here"}) {
    const auto config = kube::resolve_kubeconfigs({{"fuzz", text}}, context);
    if (!config) (void)config.error().sentence();
  }
  return 0;
}
