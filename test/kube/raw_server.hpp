// A plain TCP server with one thread that a test scripts byte by byte, for what a well-behaved HTTP server never does.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace ms2m::test {

class RawServer {
 public:
  /// `script` gets the listening socket; it ends when accept() fails.
  explicit RawServer(std::function<void(int listener)> script)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("no listening socket");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] { script(listener_); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// Reads up to the end of a request's head; "" when the peer has gone.
  static std::string read_head(int socket) {
    std::string head;
    for (char c = 0; head.find("\r\n\r\n") == std::string::npos && ::recv(socket, &c, 1, 0) == 1;) head += c;
    return head;
  }
  static void send(int socket, const std::string& text) {
    (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
  }

 private:
  int listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace ms2m::test
