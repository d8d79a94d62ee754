#include "harness/kube/exec_status.h"

#include "fuzz/target.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto code = kube::parse_exec_status(fuzz::text_of(data, size), "GET /exec");
  if (!code) (void)code.error().sentence();
  return 0;
}
