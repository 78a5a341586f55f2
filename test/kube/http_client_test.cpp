// The HTTP client against real servers in this process: TLS, reuse, cancellation, broken connections.
#include "wrap/curl/http_client.hpp"

#include <poll.h>

#include <atomic>
#include <set>

#include "api_server.hpp"
#include "raw_server.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

HttpOptions trusting() {
  HttpOptions options;
  options.tls.ca.file = Certificates::get().file("ca.crt");
  return options;
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

const auto kHello = [](const httplib::Request&, httplib::Response& answer, int) {
  answer.set_content("hello", "text/plain");
};

}  // namespace

TEST_CASE("a connection is kept and used again") {
  ApiServer server(kHello);
  HttpClient client(trusting());
  for (int i = 0; i < 4; ++i) CHECK(client.request(get(server.url() + "/x"), {}).body == "hello");
  std::set<int> ports;
  for (const auto& seen : server.seen()) ports.insert(seen.port);
  CHECK(ports.size() == 1);
  HttpRequest fresh = get(server.url());
  fresh.new_connection = true;
  client.request(fresh, {});
  CHECK(server.seen().back().port != *ports.begin());
}

TEST_CASE("the peer is verified against the given CA and nothing else") {
  ApiServer server(kHello);
  const Certificates& certificates = Certificates::get();
  const auto asked = [&](const TlsOptions& tls) {
    HttpOptions options;
    options.tls = tls;
    HttpClient client(options);
    return client.request(get(server.url()), {}).body;
  };
  TlsOptions tls;
  SECTION("no CA: the system's") {
    CHECK(error_of([&] { asked(tls); }).kind() == ErrorKind::forbidden);
  }
  SECTION("a stranger's CA") {
    tls.ca.file = certificates.file("stranger.crt");
    CHECK(error_of([&] { asked(tls); }).kind() == ErrorKind::forbidden);
  }
  SECTION("a file that is not there") {
    tls.ca.file = "/does/not/exist";
    CHECK(error_of([&] { asked(tls); }).kind() == ErrorKind::usage);
  }
  SECTION("text that is no certificate") {
    tls.ca.data = "hello";
    CHECK_THROWS_AS(asked(tls), TransportError);
  }
  SECTION("its own CA, from memory") {
    tls.ca.data = certificates.text("ca.crt");
    CHECK(asked(tls) == "hello");
  }
  SECTION("not at all") {
    tls.insecure = true;
    CHECK(asked(tls) == "hello");
  }
  SECTION("against another name") {
    tls.ca.file = certificates.file("ca.crt");
    tls.server_name = "kube.test";
    CHECK(asked(tls) == "hello");
    CHECK(server.seen().back().header("Host") == "127.0.0.1:" + std::to_string(server.port()));
    tls.server_name = "other.test";
    CHECK(error_of([&] { asked(tls); }).kind() == ErrorKind::forbidden);
  }
}

TEST_CASE("client certificates, from files and from memory") {
  ApiServer server(kHello);
  const Certificates& certificates = Certificates::get();
  for (const bool files : {true, false}) {
    HttpOptions options = trusting();
    options.tls.certificate =
        files ? Pem{certificates.file("client.crt"), {}} : Pem{{}, certificates.text("client.crt")};
    options.tls.key = files ? Pem{certificates.file("client.key"), {}} : Pem{{}, certificates.text("client.key")};
    HttpClient client(options);
    CHECK(client.request(get(server.url()), {}).status == 200);
    CHECK(server.seen().back().peer == "/O=devs/CN=alice");
  }
  HttpOptions wrong = trusting();
  wrong.tls.certificate.file = certificates.file("client.crt");
  wrong.tls.key.file = certificates.file("server.key");
  CHECK(error_of([&] { HttpClient(wrong).request(get(server.url()), {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("credentials go into headers, and never into messages") {
  ApiServer server(kHello);
  HttpOptions options = trusting();
  options.user = "joe";
  options.password = "s:e cret";
  HttpClient basic(options);
  basic.request(get(server.url()), {});
  CHECK(server.seen().back().header("Authorization") == "Basic am9lOnM6ZSBjcmV0");

  options = trusting();
  int asked = 0;
  options.bearer_token = [&](const StopToken&) { return "token" + std::to_string(++asked); };
  HttpClient bearer(options);
  bearer.request(get(server.url()), {});
  bearer.request(get(server.url()), {});
  CHECK(server.seen().back().header("Authorization") == "Bearer token2");

  options.bearer_token = [](const StopToken&) { return std::string("a\r\nX: y"); };
  const Error e = error_of([&] { HttpClient(options).request(get(server.url()), {}); });
  CHECK(e.kind() == ErrorKind::usage);
  CHECK_FALSE(contains(e.what(), "X: y"));
  const Error refused = error_of([] { HttpClient({}).request(get("http://joe:pw@127.0.0.1:1/?token=t"), {}); });
  CHECK_FALSE(contains(refused.what(), "pw"));
  CHECK_FALSE(contains(refused.what(), "token"));
}

TEST_CASE("bodies of every verb arrive whole, answers' headers are read in lower case") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    answer.status = 201;
    answer.set_header("X-Length", std::to_string(request.body.size()));
    answer.set_content(request.body.substr(0, 3), "text/plain");
  });
  HttpClient client(trusting());
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    HttpRequest request = get(server.url() + "/a%20b?x=1");
    request.method = method;
    request.body = std::string(3u << 20, 'x');
    request.headers.emplace_back("Content-Type", "application/json");
    const HttpResponse answer = client.request(request, {});
    CHECK(answer.status == 201);
    CHECK(answer.header("x-length") == std::to_string(3u << 20));
    CHECK(answer.body == "xxx");
    CHECK(server.seen().back().method == method);
    CHECK(server.seen().back().target == "/a%20b?x=1");
    CHECK(server.seen().back().header("Content-Type") == "application/json");
  }
  HttpRequest empty = get(server.url());
  empty.method = "POST";
  client.request(empty, {});
  CHECK(server.seen().back().header("Content-Length") == "0");
  CHECK(server.seen().back().header("Content-Type").empty());
}

TEST_CASE("a stop ends a request at once, a deadline in time") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.path == "/body") return answer_events(answer, *self, {Json(1)}, End::open);
    self->hang();
  });
  self = &server;
  HttpClient client(trusting());
  for (const std::string path : {"/head", "/body"}) {
    StopSource source;
    TimePoint stopped;
    std::thread stopper([&, before = server.count()] {
      server.wait_for_requests(before + 1);
      stopped = Clock::now();
      source.request_stop();
    });
    CHECK_THROWS_AS(client.request(get(server.url() + path), source.token()), Cancelled);
    stopper.join();
    const Millis latency = std::chrono::duration_cast<Millis>(Clock::now() - stopped);
    WARN("a stop took effect after " << latency.count() << " ms");
    CHECK(latency < Millis{10000});
  }
  const TimePoint began = Clock::now();
  const Error e = error_of([&] { client.request(get(server.url() + "/head"), StopToken{}.within(Millis{1000})); });
  CHECK(e.kind() == ErrorKind::timeout);
  CHECK(contains(e.what(), "timed out waiting for the answer to GET https://127.0.0.1"));
  CHECK(Clock::now() - began < Millis{10000});
}

TEST_CASE("streaming hands chunks over, ends when told, and lets exceptions through") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.path == "/error") return answer_status(answer, 403, "Forbidden", "no");
    answer_events(answer, *self, {Json("one"), Json("two")}, request.path == "/open" ? End::open : End::proper);
  });
  self = &server;
  HttpClient client(trusting());
  std::string got;
  const HttpClient::ChunkFn take = [&](std::string_view chunk) {
    got.append(chunk);
    return true;
  };
  CHECK(client.stream(get(server.url()), take, {}).body.empty());
  CHECK(got == "\"one\"\n\"two\"\n");
  got.clear();
  const HttpResponse refused = client.stream(get(server.url() + "/error"), take, {});
  CHECK(refused.status == 403);
  CHECK(contains(refused.body, "\"no\""));
  CHECK(got.empty());
  CHECK(client.stream(get(server.url() + "/open"), [](std::string_view) { return false; }, {}).status == 200);
  CHECK_THROWS_AS(
      client.stream(get(server.url()), [](std::string_view) -> bool { throw std::logic_error("mine"); }, {}),
      std::logic_error);
  CHECK(client.stream(get(server.url()), take, {}).status == 200);  // the client is still sound
}

TEST_CASE("a connection that is refused or breaks") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer_events(answer, *self, {Json(1)}, End::cut);
  });
  self = &server;
  HttpClient client(trusting());
  try {
    client.request(get(server.url()), {});
    FAIL("a cut body is no answer");
  } catch (const TransportError& e) {
    CHECK(e.kind() == ErrorKind::unavailable);
    CHECK(e.sent());
  }
  const int closed = [] {
    return RawServer([](int listener) { (void)::accept(listener, nullptr, nullptr); }).port();
  }();
  try {
    client.request(get("https://127.0.0.1:" + std::to_string(closed) + "/x"), {});
    FAIL("nobody listens there");
  } catch (const TransportError& e) {
    CHECK(e.kind() == ErrorKind::unavailable);
    CHECK_FALSE(e.sent());
  }
  CHECK(error_of([&] { client.request(get("ftp://x/"), {}); }).kind() == ErrorKind::usage);
  CHECK(error_of([&] { client.request(get("nonsense"), {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("a body larger than allowed is refused") {
  ApiServer server([](const httplib::Request&, httplib::Response& answer, int) {
    answer.set_content(std::string(5000, 'x'), "text/plain");
  });
  HttpOptions options = trusting();
  options.max_body = 4999;
  CHECK(error_of([&] { HttpClient(options).request(get(server.url()), {}); }).kind() == ErrorKind::protocol);
}

TEST_CASE("what may be sent once is not sent again when a kept connection dies under it") {
  std::atomic<int> requests{0};
  // Answers the first request of a connection and drops it in the middle of the second.
  RawServer server([&](int listener) {
    for (int peer; (peer = ::accept(listener, nullptr, nullptr)) >= 0; ::close(peer)) {
      if (RawServer::read_head(peer).empty()) continue;
      ++requests;
      RawServer::send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      if (!RawServer::read_head(peer).empty()) ++requests;
    }
  });
  HttpClient client({});
  HttpRequest request = get(server.url() + "/");
  request.method = "POST";
  CHECK(client.request(request, {}).body == "ok");
  SECTION("libcurl repeats it by itself") {
    CHECK(client.request(request, {}).body == "ok");
    CHECK(requests == 3);
  }
  SECTION("at most once") {
    request.at_most_once = true;
    try {
      client.request(request, {});
      FAIL("it was lost");
    } catch (const TransportError& e) {
      CHECK(e.kind() == ErrorKind::unavailable);
      CHECK(e.sent());
      CHECK(contains(e.what(), "lost after the request had been sent"));
    }
    CHECK(requests == 2);
  }
}

TEST_CASE("an explicit proxy is used, also for a loopback address") {
  ApiServer server(kHello);
  std::string asked;
  RawServer proxy([&](int listener) {
    const int peer = ::accept(listener, nullptr, nullptr);
    asked = RawServer::read_head(peer);
    const int target = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    if (::connect(target, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      RawServer::send(peer, "HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n");
      pollfd both[2] = {{peer, POLLIN, 0}, {target, POLLIN, 0}};
      for (bool open = true; open && ::poll(both, 2, 5000) > 0;)
        for (int i = 0; i < 2 && open; ++i) {
          if (both[i].revents == 0) continue;
          char bytes[4096];
          const auto count = ::recv(both[i].fd, bytes, sizeof bytes, 0);
          open = count > 0;
          if (open) RawServer::send(both[1 - i].fd, std::string(bytes, static_cast<std::size_t>(count)));
        }
    }
    ::close(target);
    ::close(peer);
  });
  HttpOptions options = trusting();
  options.proxy = proxy.url();
  {
    HttpClient client(options);
    const HttpResponse answer = client.request(get(server.url()), {});
    CHECK(answer.body == "hello");
    CHECK(answer.header("x-proxy").empty());
  }
  CHECK(contains(asked, "CONNECT 127.0.0.1:" + std::to_string(server.port())));
}

TEST_CASE("one client serves many threads") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    answer.set_content(request.body, "text/plain");
  });
  HttpClient client(trusting());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        HttpRequest request = get(server.url());
        request.method = "POST";
        request.body = std::to_string(t) + "/" + std::to_string(i);
        if (client.request(request, {}).body == request.body) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 160);
}
