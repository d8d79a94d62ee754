// The answer to an upgrade, and frames behind it, cut in two at a place that the input chooses.
#include "harness/kube/websocket.h"

#include <algorithm>

#include "fuzz/target.h"

using namespace stateproof::kube;

namespace {

void decode(std::string_view first, std::string_view second) {
  websocket::Decoder decoder(1U << 16U);
  for (const std::string_view part : {first, second}) {
    decoder.feed(part);
    for (auto message = decoder.next(); message && *message; message = decoder.next())
      if ((*message)->opcode == websocket::Opcode::kClose) (void)websocket::parse_close((*message)->payload);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = stateproof::fuzz::text_of(data + 1, size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  decode(text.substr(0, cut), text.substr(cut));
  websocket::Handshake handshake({"/exec", {}, {"v5.channel.k8s.io"}, {}});
  handshake.feed(text.substr(0, cut));
  if (handshake.state() == websocket::Handshake::State::kReading) handshake.feed(text.substr(cut));
  handshake.end_of_stream();
  if (handshake.state() == websocket::Handshake::State::kUpgraded) decode(handshake.rest(), {});
  return 0;
}
