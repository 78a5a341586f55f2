// Ways to a server through a proxy, as kubectl takes them.
#include <cstdlib>

#include "kube/kube_cluster.hpp"
#include "raw_server.hpp"
#include "support.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kVersion =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
    R"({"gitVersion":"v1.36.2"})";

std::string read_bytes(int socket, std::size_t count) {
  std::string bytes(count, '\0');
  return ::recv(socket, bytes.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count) ? bytes : std::string();
}

/// A SOCKS 5 proxy (RFC 1928) that is also the server behind it. Returns "KIND ADDRESS" as it was asked to connect to.
std::string serve_socks(int listener) {
  const int peer = ::accept(listener, nullptr, nullptr);
  const std::string greeting = read_bytes(peer, 2);
  if (greeting.size() != 2) return "no greeting";
  read_bytes(peer, static_cast<unsigned char>(greeting[1]));
  RawServer::send(peer, std::string("\5\0", 2));
  const std::string request = read_bytes(peer, 4);
  const bool by_name = request.size() == 4 && request[3] == 3;
  const auto length = by_name ? static_cast<unsigned char>(read_bytes(peer, 1)[0]) : 4U;
  const std::string address = read_bytes(peer, length);
  read_bytes(peer, 2);
  RawServer::send(peer, std::string("\5\0\0\1\0\0\0\0\0\0", 10));
  RawServer::read_head(peer);
  RawServer::send(peer, kVersion);
  ::close(peer);
  return (by_name ? "name " : "address ") + address;
}

void serve_http(int listener, std::string& asked) {
  const int peer = ::accept(listener, nullptr, nullptr);
  if (peer < 0) return;
  asked = RawServer::read_head(peer);
  RawServer::send(peer, kVersion);
  ::close(peer);
}

/// A variable of the environment for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

KubeAccess access_of(const std::string& text) {
  posix::TempDir dir;
  write_file(dir.path() / "config", text);
  KubeconfigSource source;
  source.file = (dir.path() / "config").string();
  return load_kube_access(source);
}

std::string version_through(const KubeAccess& access) {
  return KubeCluster(access).server_version(StopToken{}.within(Millis{60000}));
}

}  // namespace

TEST_CASE("a name that only the SOCKS proxy resolves goes to the proxy", "[case-12]") {
  std::string asked;
  {
    RawServer proxy([&](int listener) { asked = serve_socks(listener); });
    std::string config = read_file(std::string(MS2M_TEST_DATA) + "/cases/kubeconfig-socks5.yaml");
    config = replaced(config, "https://api.shop.internal", "http://api.shop.internal");  // the proxy is the server here
    config = replaced(config, "localhost:1080", "127.0.0.1:" + std::to_string(proxy.port()));
    CHECK(version_through(access_of(config)) == "v1.36.2");
  }
  CHECK(asked == "name api.shop.internal");
}

TEST_CASE("ALL_PROXY is not heeded, HTTP_PROXY and NO_PROXY are", "[case-12]") {
  // 0.0.0.0 leads to this machine and is no loopback address, which would never go through a proxy of the environment.
  const auto to = [](const RawServer& server) {
    KubeAccess access;
    access.server = "http://0.0.0.0:" + std::to_string(server.port());
    return access;
  };
  const Variable all("ALL_PROXY", "http://127.0.0.1:1"), small("all_proxy", "http://127.0.0.1:1");
  std::string asked;
  {
    RawServer server([&](int listener) { serve_http(listener, asked); });
    CHECK(version_through(to(server)) == "v1.36.2");
  }
  CHECK(contains(asked, "GET /version "));
  for (const char* name : {"HTTP_PROXY", "http_proxy"}) {
    std::string untouched, port;
    {
      RawServer proxy([&](int listener) { serve_http(listener, asked); });
      RawServer server([&](int listener) { serve_http(listener, untouched); });
      const Variable http(name, proxy.url());
      port = std::to_string(server.port());
      CHECK(version_through(to(server)) == "v1.36.2");
    }
    CHECK(contains(asked, "GET http://0.0.0.0:" + port + "/version "));
    CHECK(untouched.empty());
  }
  {
    RawServer server([&](int listener) { serve_http(listener, asked); });
    const Variable http("HTTP_PROXY", "http://127.0.0.1:1"), none("NO_PROXY", "example.org,0.0.0.0");
    CHECK(version_through(to(server)) == "v1.36.2");
  }
  CHECK(contains(asked, "GET /version "));
}

TEST_CASE("a proxy-url that kubectl would not take is refused, and not repeated", "[case-12]") {
  const std::string config = read_file(std::string(MS2M_TEST_DATA) + "/cases/kubeconfig-socks5.yaml");
  for (const char* wrong : {"socks5h://u:s3cret@h:1", "u:s3cret@h:1", "ftp://u:s3cret@h", "socks5://u:12/s3cret@h:1",
                            "http://u:s3cret@h:port"}) {
    const Error e = error_of([&] { access_of(replaced(config, "socks5://localhost:1080", wrong)); });
    INFO(e.what());
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(contains(e.what(), "proxy-url"));
    CHECK_FALSE(contains(std::string(e.what()) + e.remedy(), "s3cret"));
  }
  CHECK(access_of(replaced(config, "socks5://localhost:1080", "SOCKS5://localhost:1080")).proxy ==
        "SOCKS5://localhost:1080");
}
