#include "harness/kube/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stateproof::kube::websocket {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = Handshake::State;

// The key and the accept value of RFC 6455, section 1.3.
constexpr Key kSampleKey{'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};
constexpr std::string_view kSampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

UpgradeRequest sample_request() {
  return {
      "/exec?command=true", {"Host: example:6443"}, {"v5.channel.k8s.io", "v4.channel.k8s.io"}, kSampleKey};
}

std::string answer(std::string_view accept = kSampleAccept,
                   std::string_view extra = "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n") {
  return "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, "
         "Upgrade\r\nSec-WebSocket-Accept:  " +
         std::string(accept) + " \r\n" + std::string(extra) + "\r\n";
}

Handshake fed(std::string_view bytes) {
  Handshake handshake(sample_request());
  handshake.feed(bytes);
  return handshake;
}

TEST(WebSocketHandshake, AcceptValueIsThatOfTheRfc) {
  EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), kSampleAccept);
}

TEST(WebSocketHandshake, RequestAsksForTheUpgrade) {
  EXPECT_EQ(Handshake(sample_request()).request_bytes(),
            "GET /exec?command=true HTTP/1.1\r\n"
            "Host: example:6443\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n"
            "\r\n");
}

TEST(WebSocketHandshake, UpgradesAndKeepsTheFirstFrameWhereverTheBytesAreCut) {
  const std::string bytes = answer() + "frame";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Handshake handshake(sample_request());
    std::string late;
    handshake.feed(bytes.substr(0, cut));
    if (handshake.state() == State::kUpgraded) {
      late = bytes.substr(cut);  // belongs to the decoder
    } else {
      handshake.feed(bytes.substr(cut));
    }
    ASSERT_EQ(handshake.state(), State::kUpgraded) << "cut at " << cut;
    EXPECT_EQ(handshake.subprotocol(), "v5.channel.k8s.io");
    EXPECT_EQ(handshake.rest() + late, "frame") << "cut at " << cut;
  }
}

TEST(WebSocketHandshake, SkipsInterimAnswers) {
  EXPECT_EQ(fed("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer()).state(), State::kUpgraded);
}

struct BrokenAnswer {
  const char* name;
  std::string bytes;
  const char* words;
};

class WebSocketBrokenAnswer : public ::testing::TestWithParam<BrokenAnswer> {};

TEST_P(WebSocketBrokenAnswer, IsNamed) {
  const Handshake handshake = fed(GetParam().bytes);
  EXPECT_EQ(handshake.state(), State::kBroken);
  EXPECT_THAT(handshake.violation().what, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    All, WebSocketBrokenAnswer,
    ::testing::Values(
        BrokenAnswer{"WrongAcceptKey", answer("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), "does not match the key"},
        BrokenAnswer{"NoAcceptKey", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                     "does not match the key"},
        BrokenAnswer{"NoUpgrade", "HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n", "Upgrade: websocket"},
        BrokenAnswer{"NoConnection", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
                     "Connection: Upgrade"},
        BrokenAnswer{"NoSubprotocol", answer(kSampleAccept, ""), "none of the offered"},
        BrokenAnswer{"OtherSubprotocol",
                     answer(kSampleAccept, "Sec-WebSocket-Protocol: v1.channel.k8s.io\r\n"),
                     "v1.channel.k8s.io"},
        BrokenAnswer{"Extension", answer(kSampleAccept, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
                     "extension"},
        BrokenAnswer{"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP/1.1"},
        BrokenAnswer{"Http2", "HTTP/2 101\r\n\r\n", "not HTTP/1.1"},
        BrokenAnswer{"HeaderLine", "HTTP/1.1 101 x\r\nno colon\r\n\r\n", "malformed header"},
        BrokenAnswer{"EndlessHeader", "HTTP/1.1 101 x\r\nA: " + std::string(100'000, 'a'), "too large"},
        BrokenAnswer{"ContentLength", "HTTP/1.1 403 x\r\nContent-Length: -1\r\n\r\n", "Content-Length"},
        BrokenAnswer{"Chunk", "HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"},
        BrokenAnswer{"HugeBody", "HTTP/1.1 403 x\r\n\r\n" + std::string(2'000'000, 'a'), "too large"}),
    [](const auto& instance) { return instance.param.name; });

struct RefusedAnswer {
  const char* name;
  std::string bytes;
  bool until_the_end_of_the_stream;
};

class WebSocketRefusedAnswer : public ::testing::TestWithParam<RefusedAnswer> {};

TEST_P(WebSocketRefusedAnswer, IsReadByteByByteWithItsBody) {
  Handshake handshake(sample_request());
  for (const char byte : GetParam().bytes) {
    ASSERT_EQ(handshake.state(), State::kReading);
    handshake.feed({&byte, 1});
  }
  if (GetParam().until_the_end_of_the_stream) handshake.end_of_stream();
  ASSERT_EQ(handshake.state(), State::kRefused) << handshake.violation().what;
  EXPECT_EQ(handshake.refusal().http_status, 403);
  EXPECT_EQ(handshake.refusal().body, "{\"code\":403}");
}

INSTANTIATE_TEST_SUITE_P(
    All, WebSocketRefusedAnswer,
    ::testing::Values(RefusedAnswer{"ContentLength",
                                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n{\"code\":403}",
                                    false},
                      RefusedAnswer{"Chunked",
                                    "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: "
                                    "chunked\r\n\r\n5;x=y\r\n{\"cod\r\n7\r\ne\":403}\r\n0\r\n",
                                    false},
                      RefusedAnswer{"UntilEnd", "HTTP/1.1 403 Forbidden\r\n\r\n{\"code\":403}", true},
                      RefusedAnswer{"CutShort",
                                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"code\":403}",
                                    true}),
    [](const auto& instance) { return instance.param.name; });

TEST(WebSocketHandshake, TellsNoAnswerFromHalfAnAnswer) {
  Handshake silent(sample_request());
  EXPECT_EQ(silent.end_of_stream(), State::kBroken);
  EXPECT_THAT(silent.violation().what, HasSubstr("without an answer"));
  Handshake half = fed("HTTP/1.1 101 Swit");
  EXPECT_EQ(half.end_of_stream(), State::kBroken);
  EXPECT_THAT(half.violation().what, HasSubstr("within the header"));
}

// ------------------------------------------------------------------------------------------------- Frames

/// A frame as a server sends it: unmasked.
std::string frame(unsigned first_byte, std::string_view payload) {
  std::string out(1, static_cast<char>(first_byte));
  const std::size_t n = payload.size();
  if (n <= 125) {
    out += static_cast<char>(n);
  } else if (n <= 0xFFFF) {
    out += {126, static_cast<char>(n >> 8), static_cast<char>(n)};
  } else {
    out += '\x7f';
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>(static_cast<std::uint64_t>(n) >> shift);
  }
  return out.append(payload);
}

struct Decoded {
  std::vector<Message> messages;
  Violation violation{0, ""};
};

Decoded drain(Decoder& decoder) {
  Decoded out;
  while (true) {
    auto message = decoder.next();
    if (!message) {
      out.violation = message.error();
      return out;
    }
    if (!*message) return out;
    out.messages.push_back(std::move(**message));
  }
}

Decoded decode(std::string_view bytes, std::size_t max = 1U << 20U) {
  Decoder decoder(max);
  decoder.feed(bytes);
  return drain(decoder);
}

auto IsMessage(Opcode opcode,
               const std::string& payload) {  // NOLINT(readability-identifier-naming): as matchers are
  return AllOf(Field("opcode", &Message::opcode, opcode), Field("payload", &Message::payload, payload));
}

TEST(WebSocketEncode, MasksWithTheGivenBytes) {
  // "Hello" of RFC 6455, section 5.7.
  EXPECT_EQ(encode_frame(Opcode::kText, "Hello", Mask{0x37, 0xfa, 0x21, 0x3d}),
            "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

class WebSocketLength : public ::testing::TestWithParam<std::size_t> {};

TEST_P(WebSocketLength, IsEncodedInItsShortestFormInOneFrame) {
  const std::string payload(GetParam(), 'x');
  const std::string bytes = encode_frame(Opcode::kBinary, payload, Mask{});
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0x82);
  EXPECT_NE(static_cast<unsigned char>(bytes[1]) & 0x80, 0) << "a client masks, even with zeros";
  std::string unmasked = bytes;
  unmasked[1] = static_cast<char>(unmasked[1] & 0x7F);
  unmasked.erase(bytes.size() - payload.size() - 4, 4);
  EXPECT_EQ(unmasked, frame(0x82, payload));
  EXPECT_THAT(decode(unmasked).messages, ElementsAre(IsMessage(Opcode::kBinary, payload)));
}

INSTANTIATE_TEST_SUITE_P(All, WebSocketLength, ::testing::Values(0, 1, 125, 126, 127, 65535, 65536, 1 << 20));

TEST(WebSocketDecode, JoinsFragmentsAroundControlFramesWhereverTheBytesAreCut) {
  const std::string bytes = frame(0x02, "one ") + frame(0x89, "ping") + frame(0x00, std::string(300, '-')) +
                            frame(0x8A, "") + frame(0x80, " two") + frame(0x82, "next") +
                            frame(0x88,
                                  "\x03\xe8"
                                  "bye");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Decoder decoder(1000);
    decoder.feed(std::string_view(bytes).substr(0, cut));
    Decoded first = drain(decoder);
    decoder.feed(std::string_view(bytes).substr(cut));
    Decoded second = drain(decoder);
    ASSERT_EQ(first.violation.what + second.violation.what, "") << "cut at " << cut;
    first.messages.insert(first.messages.end(), second.messages.begin(), second.messages.end());
    ASSERT_THAT(first.messages,
                ElementsAre(IsMessage(Opcode::kPing, "ping"), IsMessage(Opcode::kPong, ""),
                            IsMessage(Opcode::kBinary, "one " + std::string(300, '-') + " two"),
                            IsMessage(Opcode::kBinary, "next"),
                            IsMessage(Opcode::kClose,
                                      "\x03\xe8"
                                      "bye")))
        << "cut at " << cut;
  }
}

TEST(WebSocketDecode, ReadsByteByByte) {
  const std::string bytes = frame(0x82, std::string(70'000, 'a')) + frame(0x82, "b");
  Decoder decoder(1U << 20U);
  std::vector<Message> messages;
  for (const char byte : bytes) {
    decoder.feed({&byte, 1});
    for (auto& message : drain(decoder).messages) messages.push_back(std::move(message));
  }
  EXPECT_THAT(messages, ElementsAre(IsMessage(Opcode::kBinary, std::string(70'000, 'a')),
                                    IsMessage(Opcode::kBinary, "b")));
}

TEST(WebSocketDecode, RefusesTooMuchBeforeItArrives) {
  EXPECT_EQ(decode(frame(0x82, std::string(1001, 'x')).substr(0, 4), 1000).violation.close_code,
            kMessageTooBig);
  const Decoded joined =
      decode(frame(0x02, std::string(600, 'x')) + frame(0x80, std::string(600, 'x')).substr(0, 4), 1000);
  EXPECT_EQ(joined.violation.close_code, kMessageTooBig);
  EXPECT_THAT(joined.messages, IsEmpty());
}

struct BadFrame {
  const char* name;
  std::string bytes;
  const char* words;
};

class WebSocketBadFrame : public ::testing::TestWithParam<BadFrame> {};

TEST_P(WebSocketBadFrame, IsAViolationForGood) {
  Decoder decoder(1U << 20U);
  decoder.feed(frame(0x82, "before") + GetParam().bytes + frame(0x82, "behind"));
  const Decoded first = drain(decoder);
  EXPECT_THAT(first.messages, ElementsAre(IsMessage(Opcode::kBinary, "before")));
  EXPECT_EQ(first.violation.close_code, kProtocolViolation);
  EXPECT_THAT(first.violation.what, HasSubstr(GetParam().words));
  EXPECT_EQ(drain(decoder).violation.what, first.violation.what) << "no way back";
}

INSTANTIATE_TEST_SUITE_P(
    All, WebSocketBadFrame,
    ::testing::Values(
        BadFrame{"Reserved1", frame(0xC2, "x"), "reserved bits"},
        BadFrame{"Reserved2", frame(0xA2, "x"), "reserved bits"},
        BadFrame{"Reserved3", frame(0x92, "x"), "reserved bits"},
        BadFrame{"Opcode3", frame(0x83, "x"), "reserved opcode 3"},
        BadFrame{"OpcodeF", frame(0x8F, "x"), "reserved opcode 15"},
        BadFrame{"Masked", encode_frame(Opcode::kBinary, "x", Mask{1, 2, 3, 4}), "masked"},
        BadFrame{"FragmentedPing", frame(0x09, "x"), "fragmented control"},
        BadFrame{"LongPing", frame(0x89, std::string(126, 'x')), "oversized control"},
        BadFrame{"LoneContinuation", frame(0x80, "x"), "without a beginning"},
        BadFrame{"MessageInMessage", frame(0x02, "x") + frame(0x82, "y"), "within a fragmented"},
        BadFrame{"LongForm16", std::string("\x82\x7e\x00\x01x", 5), "shortest"},
        BadFrame{"LongForm64", std::string("\x82\x7f\0\0\0\0\0\0\x01\x00", 10) + std::string(256, 'x'),
                 "shortest"}),
    [](const auto& instance) { return instance.param.name; });

TEST(WebSocketDecode, RefusesALengthWithTheHighestBitSet) {
  EXPECT_EQ(decode(std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10)).violation.close_code,
            kMessageTooBig);
}

TEST(WebSocketClose, IsParsed) {
  const std::string normal =
      "\x03\xe8"
      "done";
  ASSERT_TRUE(parse_close(normal));
  EXPECT_EQ(parse_close(normal)->code, 1000);
  EXPECT_EQ(parse_close(normal)->reason, "done");
  EXPECT_EQ(parse_close("")->code, std::nullopt);
  EXPECT_FALSE(parse_close("\x03"));
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000}) {
    EXPECT_FALSE(parse_close(close_payload(static_cast<std::uint16_t>(code), ""))) << code;
  }
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    EXPECT_TRUE(parse_close(close_payload(static_cast<std::uint16_t>(code), ""))) << code;
  }
}

TEST(WebSocketClose, ReasonFitsIntoAControlFrame) {
  EXPECT_EQ(close_payload(kNormalClosure, std::string(200, 'x')).size(), 125U);
}

}  // namespace
}  // namespace stateproof::kube::websocket
