#include "harness/model/redaction.h"

#include "fuzz/target.h"
#include "harness/model/bounded_json.h"
#include "harness/report/text.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  (void)report::valid_text(redacted_text(text));
  if (const auto object = parse_bounded_json(text)) (void)discreet_object(*object);
  return 0;
}
