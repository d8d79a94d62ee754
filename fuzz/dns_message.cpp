#include "fixtures/probe/dns_message.h"

#include "fuzz/target.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Most inputs shall get beyond the id.
  const std::uint16_t id = size < 2 ? 0 : static_cast<std::uint16_t>(data[0] << 8U | data[1]);
  (void)probe::parse_reply({data, size}, id);
  const std::string name{fuzz::text_of(data, size)};
  (void)probe::make_question(name, probe::RecordType::kA, id);
  (void)probe::reverse_name(name);
  return 0;
}
