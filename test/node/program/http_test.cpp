// What a registry may answer, and what it may not.
#include "node/program/http.hpp"

#include <algorithm>
#include <cstring>

#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace ms2m;
using namespace ms2m::node;
using namespace ms2m::test;
using Catch::Contains;

namespace {

/// Gives what it was made with, so many bytes at a time, and its end.
class Said final : public tls::Stream {
 public:
  Said(std::string text, std::size_t at_once) : text_(std::move(text)), at_once_(at_once) {}
  void send(std::string_view, const StopToken&) override {}
  std::size_t receive(std::span<char> into, const StopToken&) override {
    const std::size_t size = std::min({at_once_, into.size(), text_.size() - at_});
    std::memcpy(into.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }
  void end(const StopToken&) override {}

 private:
  const std::string text_;
  const std::size_t at_once_;
  std::size_t at_ = 0;
};

RegistryAnswer answer_of(const std::string& text, std::size_t at_once, bool bodiless = false) {
  Said said(text, at_once);
  HttpAnswer answer(said);
  answer.read_head(bodiless, {});
  return {answer.status(), answer.headers(), answer.text(kMostBody, {})};
}

RegistryExchange exchange(const std::string& method) {
  RegistryExchange request;
  request.at = {"registry.example", 5000, true, ""};
  request.method = method;
  request.target = "/v2/";
  return request;
}

}  // namespace

TEST_CASE("http: an answer is the same however it comes", "[http]") {
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    const auto counted =
        answer_of("HTTP/1.1 202 Accepted\r\nLocation: /a\r\nX:  b \r\nContent-Length: 3\r\n\r\nabcdef", at_once);
    CHECK((counted.status == 202 && counted.headers.at("location") == "/a" && counted.headers.at("x") == "b"));
    CHECK(counted.body == "abc");
    CHECK(answer_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
                    "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nmore",
                    at_once)
              .body == "abc0123456789");
    CHECK(answer_of("HTTP/1.0 200 OK\n\nuntil the end", at_once).body == "until the end");
    CHECK(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", at_once, true).body.empty());
    CHECK(answer_of("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde", at_once).body.empty());
  }
  CHECK(answer_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(kMostBody + 10, 'x'), 100'000).body.size() == kMostBody);
}

TEST_CASE("http: what is none, or cut, is unavailable", "[http]") {
  for (const std::string& bad : std::vector<std::string>{
           "", "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n" + std::string(100'000, 'x'),
           std::string(100'000, '\n')}) {
    INFO(bad.substr(0, 80));
    for (const std::size_t at_once : {std::size_t{1}, std::size_t{100'000}})
      CHECK(error_of([&] { answer_of(bad, at_once); }).kind() == ErrorKind::unavailable);
  }
}

TEST_CASE("http: a request says what was asked for, and nothing else can be said with it", "[http]") {
  RegistryExchange request = exchange("PUT");
  request.headers["Authorization"] = "Basic eDp5";
  CHECK(print_request(request, 3) ==
        "PUT /v2/ HTTP/1.1\r\nHost: registry.example:5000\r\nUser-Agent: ms2m\r\nConnection: close\r\n"
        "Authorization: Basic eDp5\r\nContent-Length: 3\r\n\r\n");
  CHECK_THAT(print_request(exchange("PATCH"), std::nullopt), Contains("Transfer-Encoding: chunked\r\n"));
  CHECK_THAT(print_request(exchange("GET"), 0), !Contains("Content-Length"));
  request = exchange("GET");
  request.at = {"fd00::1", 443, true, ""};
  CHECK_THAT(print_request(request, 0), Contains("Host: [fd00::1]\r\n"));
  for (const auto& spoil : std::vector<std::function<void(RegistryExchange&)>>{
           [](auto& r) { r.method = "GET /x HTTP/1.1\r\nX:"; }, [](auto& r) { r.target = "v2"; },
           [](auto& r) { r.target = "/v2/ HTTP/1.1\r\nX: y"; }, [](auto& r) { r.at.host = "a\r\nb"; },
           [](auto& r) { r.at.host = ""; }, [](auto& r) { r.headers["X\r\nY"] = "z"; },
           [](auto& r) { r.headers["X"] = "y\r\nZ: z"; }}) {
    RegistryExchange bad = exchange("GET");
    spoil(bad);
    CHECK(error_of([&] { print_request(bad, 0); }).kind() == ErrorKind::usage);
  }
}
