#include "harness/kube/testing/hostile.h"

#include <fmt/format.h>
#include <zlib.h>

#include <atomic>
#include <limits>
#include <semaphore>

namespace stateproof::kube::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t kMiB = 1U << 20U;

/// What a list of anything looks like, with these items as text.
std::string list_of(const std::string& items, const std::string& continue_token = {}) {
  return fmt::format(
      R"({{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"5","continue":"{}"}},)"
      R"("items":[{}]}})",
      continue_token, items);
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  all.reserve(bytes + text.size());
  while (all.size() < bytes) all += text;
  return all;
}

/// `mebibytes` of blanks, packed a thousandfold.
std::string gzip_bomb(std::size_t mebibytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string blanks(kMiB, ' ');
  std::string packed;
  std::string piece(kMiB, '\0');
  for (std::size_t i = 0; i <= mebibytes; ++i) {
    const bool last = i == mebibytes;
    stream.next_in = reinterpret_cast<Bytef*>(blanks.data());
    stream.avail_in = last ? 0 : static_cast<uInt>(blanks.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
      packed.append(piece, 0, piece.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return packed;
}

Handler answers(std::string body, HeaderList headers = {}) {
  return [body = std::move(body), headers = std::move(headers)](Connection& c) {
    c.respond(200, body, headers);
  };
}

/// A piece each second, for ever.
Handler drips(std::string head, std::string piece) {
  return [head = std::move(head), piece = std::move(piece)](Connection& c) {
    if (!c.write(head)) return;
    std::binary_semaphore never{0};
    while (c.write(piece)) (void)never.try_acquire_for(1s);
  };
}

/// Pieces as fast as they are taken, until it has sent so much.
Handler floods(std::string first, std::string piece, std::size_t bytes) {
  return [first = std::move(first), piece = std::move(piece), bytes](Connection& c) {
    c.begin_stream();
    if (!c.chunk(first)) return;
    for (std::size_t sent = 0; sent < bytes && c.chunk(piece);) sent += piece.size();
    c.end_stream();
  };
}

/// Every member of an object of the API has a type that it must not have.
std::string wrong_types() {
  const json wrong = {
      {"apiVersion", 1},
      {"kind", json::array()},
      {"metadata",
       {{"name", {{"a", 1}}},
        {"namespace", 7},
        {"uid", nullptr},
        {"resourceVersion", json::array({1})},
        {"labels", "all"},
        {"annotations", 3},
        {"ownerReferences", "nobody"},
        {"creationTimestamp", -1},
        {"deletionTimestamp", true},
        {"finalizers", {{"a", "b"}}}}},
      {"spec", {{"replicas", "many"}, {"template", 1}, {"containers", "none"}, {"selector", json::array()}}},
      {"status", json::array({"Running"})},
      {"type", 5},
      {"involvedObject", "it"},
      {"major", json::object()},
      {"gitVersion", 12}};
  json list = wrong;
  list["items"] = json::array({wrong, 3, nullptr, "text", json::array()});
  return list.dump();
}

}  // namespace

std::vector<Hostility> hostilities(const std::string& elsewhere) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string sneaky =
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"../../../../tmp/x","namespace":"../..",)"
      R"("uid":"u1","resourceVersion":"5"}})";
  return {
      {"Cuts", [](Connection& c) { c.cut(); }},
      {"ClosesWithoutAWord", [](Connection& c) { c.close(); }},
      {"SaysNothing", [](Connection& c) { c.await_close(); }},
      {"StallsAfterItsHeaders",
       [](Connection& c) {
         c.begin_stream();
         c.await_close();
       }},
      {"DripsItsHeaders", drips("HTTP/1.1 200 OK\r\nX-Slow: ", "a")},
      {"DripsItsBody", drips(chunked, "1\r\n \r\n")},
      {"HeadersWithoutEnd",
       [](Connection& c) {
         const std::string line = "X-More: " + std::string(4096, 'x') + "\r\n";
         if (c.write("HTTP/1.1 200 OK\r\n"))
           while (c.write(line)) {
           }
       }},
      {"IsNoHttp", [](Connection& c) { c.write("SSH-2.0-OpenSSH_9.2\r\n"); }},
      {"IsALoginPage", answers("<html><body>Please log in</body></html>", {{"Content-Type", "text/html"}})},
      {"LeadsElsewhere",
       [elsewhere](Connection& c) { c.respond(302, "", {{"Location", elsewhere + "/taken"}}); }},
      {"LeadsElsewhereForGood",
       [elsewhere](Connection& c) { c.respond(308, "", {{"Location", elsewhere + "/taken"}}); }},
      {"PacksABomb",
       [](Connection& c) {
         static const std::string bomb = gzip_bomb(1024);
         c.respond(200, bomb, {{"Content-Encoding", "gzip"}, {"Content-Type", "application/json"}});
       }},
      {"PacksRubbish", answers("this is not gzip", {{"Content-Encoding", "gzip"}})},
      {"ListsAHugeObject",
       floods(R"({"kind":"List","items":[{"metadata":{"name":")", std::string(kMiB, 'a'), 300 * kMiB)},
      {"ListsTinyValues", [](Connection& c) { c.respond(200, list_of(repeated("[],", 48 * kMiB) + "[]")); }},
      {"NestsWithoutEnd", [](Connection& c) { c.respond(200, list_of(repeated("[", kMiB))); }},
      {"ListsWithoutEnd",
       [page = std::make_shared<std::atomic<int>>(0)](Connection& c) {
         c.respond(200, list_of("", fmt::format("page-{}", ++*page)));
       }},
      {"RepeatsOnePage", answers(list_of("", "again"))},
      {"AnswersNothing", answers("")},
      {"AnswersNull", answers("null")},
      {"AnswersANumber", answers("1e999")},
      {"HasWrongTypes", answers(wrong_types())},
      {"HasForeignObjects",
       answers(list_of(R"({"apiVersion":"example.com/v1","kind":"Toaster","metadata":{"name":"x"}})"))},
      {"HasNamesThatAreWays", answers(list_of(sneaky))},
      {"IsCutInACharacter", answers("{\"kind\":\"List\",\"items\":[{\"metadata\":{\"name\":\"w\xE2\x82")},
      {"IsNoUnicode", answers(list_of("{\"metadata\":{\"name\":\"\xFF\xFE\x80\"}}"))},
      {"HasControlCharacters",
       [](Connection& c) {
         c.respond_status(403, "Forbidden",
                          "\x1b]0;owned\x07\xC2\x9B"
                          "2J\xE2\x80\xAEtxt");
       }},
      {"Expires", [](Connection& c) { c.respond_status(410, "Expired", "too old resource version"); }},
      {"FailsAlways", [](Connection& c) { c.respond_status(500, "InternalError", "etcdserver: no leader"); }},
      {"AsksToWaitForYears",
       [](Connection& c) {
         c.respond_status(429, "TooManyRequests", "later",
                          {{"Retry-After", std::to_string(std::numeric_limits<int>::max())}});
       }},
      {"AsksToWaitNegatively",
       [](Connection& c) { c.respond_status(429, "TooManyRequests", "later", {{"Retry-After", "-5"}}); }},
      {"IsAnUnknownStatus", [](Connection& c) { c.respond(799, "{}"); }},
      {"SwitchesProtocols",
       [](Connection& c) {
         c.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
         c.await_close();
       }},
  };
}

}  // namespace stateproof::kube::testing
