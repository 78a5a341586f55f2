// Peers that keep no rule of HTTP: slow ones, bodies that are cut or lengthened, one request within another.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "agent_lab.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

/// TLS without a library's idea of HTTP.
class Raw {
 public:
  explicit Raw(int port, bool handshake = true)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), context_(SSL_CTX_new(TLS_client_method())) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const timeval limit{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!handshake) return;
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    REQUIRE(SSL_connect(ssl_) == 1);
  }
  ~Raw() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  bool say(const std::string& text) { return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0; }
  /// All that comes until the end, or a minute has gone by.
  std::string hear() {
    std::string all;
    char some[4096];
    for (int got; (got = SSL_read(ssl_, some, sizeof some)) > 0;) all.append(some, static_cast<std::size_t>(got));
    return all;
  }
  /// The other side has ended the connection; waits for it up to a minute.
  bool ended() {
    pollfd fd{fd_, POLLIN | POLLRDHUP, 0};
    for (int i = 0; i < 600; ++i)
      if (::poll(&fd, 1, 100) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return true;
    return false;
  }
  void cut() { ::shutdown(fd_, SHUT_WR); }

 private:
  int fd_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

std::string head(const AgentLab& lab, const std::string& method, const std::string& path, const std::string& more) {
  return method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + node::kTokenHeader + ": " + lab.keys.token + "\r\n" +
         node::kOwnerHeader + ": k3x9qa\r\n" + more + "\r\n";
}

int answers_in(const std::string& text) {
  int count = 0;
  for (auto at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1)) ++count;
  return count;
}

const auto kQuick = [](agent::ServerSettings& settings) {
  settings.request_limit = Millis{3000};
  settings.idle = Millis{3000};
};

std::string taken(AgentLab& lab) { return lab.ask("POST", kSession + "/in?at=0", "").body; }

}  // namespace

TEST_CASE("agent: a body that is cut is not taken", "[agent]") {
  AgentLab lab({"cat"});
  CHECK(lab.open(kSession, 60000).status == 200);
  for (const char* more : {"Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Raw raw(lab.port());
    const bool chunked = std::string(more).starts_with("T");
    raw.say(head(lab, "POST", kSession + "/in?at=0", more) + (chunked ? "a\r\nhello" : "hello"));
    raw.cut();
    CHECK_THAT(raw.hear(), !Contains("200 OK"));
  }
  CHECK(taken(lab) == R"({"taken":0})");
}

TEST_CASE("agent: a body without a length, with two, or packed is refused", "[agent]") {
  AgentLab lab({"cat"});
  CHECK(lab.open(kSession, 60000).status == 200);
  const auto status = [&](const std::string& more, const std::string& body) {
    Raw raw(lab.port());
    raw.say(head(lab, "POST", kSession + "/in?at=0", more) + body);
    const std::string heard = raw.hear();
    CHECK(answers_in(heard) == 1);
    return heard.substr(9, 3);
  };
  CHECK(status("", "hello") == "411");
  CHECK(status("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") == "411");
  CHECK(status("Content-Length: 5\r\nContent-Length: 4\r\n", "hello") == "400");
  CHECK(status("Content-Length: 5\r\nContent-Encoding: gzip\r\n", "hello") == "415");
  CHECK(taken(lab) == R"({"taken":0})");
}

TEST_CASE("agent: what comes behind a body is no part of it", "[agent]") {
  AgentLab lab({"cat"}, kQuick);
  CHECK(lab.open(kSession, 60000).status == 200);
  Raw raw(lab.port());
  raw.say(head(lab, "POST", kSession + "/in?at=0", "Content-Length: 5\r\n") + "hello and more\r\n\r\n");
  const std::string answers = raw.hear();
  CHECK_THAT(answers, StartsWith("HTTP/1.1 200 OK") && Contains(R"({"taken":5})"));
  CHECK_THAT(answers.substr(1), !Contains("HTTP/1.1 200 OK"));
  CHECK(taken(lab) == R"({"taken":5})");
}

TEST_CASE("agent: a request that hides another ends its connection", "[agent]") {
  AgentLab lab({"cat"});
  CHECK(lab.open(kSession, 60000).status == 200);
  const std::string hidden = head(lab, "POST", kSession + "/end", "Content-Length: 0\r\n");
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
  const std::string zero = "0\r\n\r\n";
  const std::vector<std::string> tricks{
      head(lab, "GET", kSession + "/out?at=5", length) + hidden,
      head(lab, "POST", kSession + "/in?at=0", length + "Transfer-Encoding: chunked\r\n") + zero + hidden,
      head(lab, "GET", kSession + "/out?at=5", "Transfer-Encoding: chunked\r\n") + zero + hidden,
      head(lab, "PUT", kSession, length) + hidden,
      head(lab, "POST", kSession + "/in?at=0", "") + hidden,
      head(lab, "POST", kSession + "/in?at=0", "Content-Length: 2000000\r\n") + std::string(2000000, 'x') + hidden,
      head(lab, "POST", kSession + "/in?at=0", length + "Range: garbage\r\n") + hidden,
      head(lab, "POST", kSession + "/in?at=0&" + std::string(9000, 'a'), length) + hidden,
      "POST /v1/agent HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + hidden,
  };
  for (const std::string& trick : tricks) {
    INFO(trick.substr(0, trick.find("\r\n")));
    Raw raw(lab.port());
    for (std::size_t at = 0; at < trick.size() && raw.say(trick.substr(at, 16384)); at += 16384) {
    }
    CHECK(answers_in(raw.hear()) <= 1);
    CHECK(lab.ask("POST", kSession + "/in?at=0", "").status == 200);  // it was not ended
  }
}

TEST_CASE("agent: paths have tricks, and it knows only its own", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) { settings.refusals_at_once = 100; });
  CHECK(lab.open(kSession, 60000).status == 200);
  for (const char* path :
       {"/", "/v1", "/v1/sessions", "/v1/sessions/", "/v1/sessions/..", "/v1/sessions/%2e%2e/%2e%2e/etc/passwd",
        "/v1/../v1/agent", "//v1/agent", "/v1/agent/", "/V1/agent", "/v1/agent%00", "/healthz/../v1/agent",
        "/v1/sessions/0123456789abcdef0123456789abcde/out?at=0",
        "/v1/sessions/0123456789ABCDEF0123456789ABCDEF/out?at=0",
        "/v1/sessions/0123456789abcdef0123456789abcdef%2f..?at=0", "/etc/passwd", "/v1/agent/../../etc/passwd"}) {
    INFO(path);
    Raw raw(lab.port());
    raw.say(head(lab, "GET", path, "Connection: close\r\n"));
    CHECK_THAT(raw.hear(), StartsWith("HTTP/1.1 404 "));
  }
  for (const char* method : {"PUT", "PATCH", "OPTIONS", "DELETE"}) CHECK(lab.ask(method, "/v1/agent").status == 404);
}

TEST_CASE("agent: who is slow is not waited for", "[agent]") {
  AgentLab lab({"cat"}, kQuick);
  CHECK(lab.open(kSession, 60000).status == 200);
  Raw silent(lab.port(), false), said_nothing(lab.port()), head_only(lab.port()), body(lab.port());
  const auto drip = [&](Raw& raw, const std::string& text) {
    for (const char c : text) {
      if (!raw.say(std::string(1, c))) return true;
      std::this_thread::sleep_for(Millis{100});
    }
    return raw.ended();
  };
  body.say(head(lab, "POST", kSession + "/in?at=0", "Content-Length: 400\r\n"));
  const TimePoint begun = Clock::now();
  CHECK(drip(body, std::string(300, 'x')));
  CHECK(Clock::now() - begun < std::chrono::seconds(20));  // the library's own limit is for each byte
  CHECK(drip(head_only, "GET /" + std::string(300, 'a')));
  CHECK(silent.ended());
  CHECK(said_nothing.ended());
  CHECK(Clock::now() - begun < std::chrono::seconds(50));
  CHECK(taken(lab) == R"({"taken":0})");
}

TEST_CASE("agent: a crowd that says nothing keeps nobody out", "[agent]") {
  AgentLab lab({"cat"});
  std::vector<std::unique_ptr<Raw>> crowd;
  for (int i = 0; i < 150; ++i) crowd.push_back(std::make_unique<Raw>(lab.port(), false));
  const TimePoint begun = Clock::now();
  CHECK(lab.open(kSession, 60000).status == 200);
  CHECK(lab.ask("POST", kSession + "/in?at=0", "hello").status == 200);
  CHECK(Clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("agent: heads of any size and shape end in an answer or the end", "[agent]") {
  AgentLab lab({"cat"}, [](auto& settings) { settings.refusals_at_once = 100; });
  const std::string long_path = "GET /" + std::string(100000, 'a') + " HTTP/1.1\r\n\r\n";
  std::string many = "GET /healthz HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": " + std::string(50, 'y') + "\r\n";
  for (const std::string& text :
       {std::string("\r\n\r\n"), std::string("GARBAGE\r\n\r\n"), std::string(5000, '\0') + "\r\n\r\n", long_path,
        "GET /healthz HTTP/9.9\r\n\r\n" + std::string(), std::string("GET /healthz\r\n\r\n"),
        std::string("POST /v1/agent HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
        std::string("POST /v1/agent HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), many}) {
    Raw raw(lab.port());
    for (std::size_t at = 0; at < text.size() && raw.say(text.substr(at, 16384)); at += 16384) {
    }
    raw.cut();
    raw.hear();
  }
  CHECK(lab.ask("GET", "/v1/agent").status == 200);
}

TEST_CASE("agent: a head that does not end, and a body of a stranger, are not taken in", "[agent]") {
  AgentLab lab({"cat"});
  const auto goes_on = [&](const std::string& begin) {
    Raw raw(lab.port());
    raw.say(begin);
    const std::string more = "X: " + std::string(8000, 'y') + "\r\n";
    std::size_t said = 0;
    while (said < (64u << 20) && raw.say(more)) said += more.size();
    return said;
  };
  // What is on its way in the kernel's buffers when the connection is ended counts here, too.
  CHECK(goes_on("GET /v1/agent HTTP/1.1\r\n") < (32u << 20));
  CHECK(goes_on("POST /v1/agent HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n") < (32u << 20));
  CHECK(goes_on("POST /v1/agent HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n") < (32u << 20));
  CHECK(lab.ask("GET", "/v1/agent").status == 200);
}
