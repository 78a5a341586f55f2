#include "wrap/amqp/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "ms2m/error.hpp"
#include "wrap/amqp/error.hpp"

namespace ms2m::amqp {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string where(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", endpoint.host, v6 ? "]" : "", endpoint.port);
}

[[noreturn]] void unreachable(const Endpoint& endpoint, const std::string& why) {
  throw ConnectionLost(fmt::format("cannot connect to the broker at {}: {}", where(endpoint), why));
}

void tune(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const unsigned stalled = static_cast<unsigned>(kStalledWrite.count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stalled, sizeof stalled);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// 0 or an errno.
int wait_connected(int fd, const StopToken& limited) {
  for (;;) {
    pollfd fds[2] = {{fd, POLLOUT, 0}, {limited.fd(), POLLIN, 0}};
    const int ready =
        ::poll(fds, limited.fd() >= 0 ? 2 : 1, static_cast<int>(limited.remaining(Millis{60000}).count()));
    if (limited.stop_requested()) throw Cancelled{};
    if (ready > 0 && fds[0].revents != 0) {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      return error;
    }
    if (limited.deadline() && Clock::now() >= *limited.deadline()) return ETIMEDOUT;
  }
}

void open_tcp(amqp_connection_state_t state, const Endpoint& endpoint, const StopToken& stop) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failed != 0) unreachable(endpoint, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);

  int error = EHOSTUNREACH;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    stop.check("connecting to the broker");
    Descriptor fd(::socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
      error = errno;
      continue;
    }
    tune(fd.get());
    error = ::connect(fd.get(), each->ai_addr, each->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = wait_connected(fd.get(), stop.within(endpoint.connect_timeout));
    if (error != 0) continue;
    amqp_socket_t* socket = amqp_tcp_socket_new(state);
    if (socket == nullptr) throw std::bad_alloc{};
    amqp_tcp_socket_set_sockfd(socket, fd.release());
    return;
  }
  unreachable(endpoint, std::strerror(error));
}

std::string tls_reason() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? "" : reason;
}

void set_up_tls(amqp_socket_t* socket, const Endpoint& endpoint) {
  const Tls& tls = endpoint.tls;
  auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // The host name check of librabbitmq < 0.14 is not trusted; OpenSSL's own does the same, for addresses too.
  amqp_ssl_socket_set_verify_hostname(socket, 0);
  amqp_ssl_socket_set_verify_peer(socket, tls.verify ? 1 : 0);
  ::SSL_CTX_set_verify(context, tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (tls.verify) {
    const std::string name = tls.server_name.empty() ? endpoint.host : tls.server_name;
    X509_VERIFY_PARAM* parameters = ::SSL_CTX_get0_param(context);
    if (::X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) != 1 &&
        ::X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) != 1)
      throw Error(ErrorKind::usage, fmt::format("'{}' cannot be verified as a server name", name));
    if (tls.ca_file.empty())
      ::SSL_CTX_set_default_verify_paths(context);
    else if (amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str()) != AMQP_STATUS_OK)
      throw Error(ErrorKind::usage, fmt::format("cannot use CA file {}: {}", tls.ca_file, tls_reason()));
  }
  if (!tls.certificate_file.empty()) {
    const std::string& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
    if (amqp_ssl_socket_set_key(socket, tls.certificate_file.c_str(), key.c_str()) != AMQP_STATUS_OK)
      throw Error(ErrorKind::usage, fmt::format("cannot use client certificate {} with key {}: {}",
                                                tls.certificate_file, key, tls_reason()));
  }
}

void open_tls(amqp_connection_state_t state, const Endpoint& endpoint, const StopToken& stop) {
  ::ERR_clear_error();
  amqp_socket_t* socket = amqp_ssl_socket_new(state);
  if (socket == nullptr) throw std::bad_alloc{};
  set_up_tls(socket, endpoint);
  ::ERR_clear_error();
  // The library owns this socket from the start, so its handshake cannot be interrupted, only bounded.
  const Millis limit = stop.remaining(endpoint.connect_timeout);
  timeval time{limit.count() / 1000, (limit.count() % 1000) * 1000};
  const int status = amqp_socket_open_noblock(socket, endpoint.host.c_str(), endpoint.port, &time);
  if (status == AMQP_STATUS_OK) {
    tune(amqp_get_sockfd(state));
    return;
  }
  stop.check("connecting to the broker");
  const std::string reason = tls_reason();
  const bool untrusted =
      status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED || reason.find("certificate") != std::string::npos;
  if (untrusted)
    throw Error(ErrorKind::forbidden, fmt::format("the broker at {} cannot be trusted: {}", where(endpoint),
                                                  reason.empty() ? amqp_error_string2(status) : reason));
  unreachable(endpoint, reason.empty() ? amqp_error_string2(status) : "TLS: " + reason);
}

}  // namespace

void open_socket(amqp_connection_state_t state, const Endpoint& endpoint, const StopToken& stop) {
  stop.check("connecting to the broker");
  if (endpoint.tls.enabled)
    open_tls(state, endpoint, stop);
  else
    open_tcp(state, endpoint, stop);
}

}  // namespace ms2m::amqp
