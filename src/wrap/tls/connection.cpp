#include "wrap/tls/connection.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <cerrno>
#include <cstring>
#include <limits>

#include "wrap/posix/sigpipe.hpp"
#include "wrap/tls/authority.hpp"
#include "wrap/tls/keys.hpp"

namespace ms2m::tls {
namespace {

constexpr std::size_t kReadAhead = 256u << 10;

/// The certificate itself is who it is: no name, no time, no authority counts.
int check_peer(X509_STORE_CTX* store, void* expected) noexcept {
  try {
    const std::string& peer = *static_cast<const std::string*>(expected);
    const X509* const shown = ::X509_STORE_CTX_get0_cert(store);
    const std::string is = shown == nullptr ? "" : fingerprint_of(shown);
    if (is.size() == peer.size() && ::CRYPTO_memcmp(is.data(), peer.data(), peer.size()) == 0) return 1;
  } catch (const std::exception&) {  // as another one's
  }
  ::X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

void set_up(SSL_CTX* c) {
  ::SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_read_ahead(c, 1);
  ::SSL_CTX_set_default_read_buffer_len(c, kReadAhead);
}

Context make_context(Side side, const Keys& own, std::string& peer) {
  Context context(::SSL_CTX_new(side == Side::client ? ::TLS_client_method() : ::TLS_server_method()));
  require(context != nullptr, "a TLS context");
  SSL_CTX* const c = context.get();
  const bool made = ::SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
                    ::SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
                    ::SSL_CTX_use_certificate(c, own.certificate.get()) == 1 &&
                    ::SSL_CTX_use_PrivateKey(c, own.key.get()) == 1 && ::SSL_CTX_set_num_tickets(c, 0) == 1;
  require(made, "a TLS context");
  set_up(c);
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ::SSL_CTX_set_cert_verify_callback(c, &check_peer, &peer);
  return context;
}

Context make_context(const Authority& authority) {
  Context context(::SSL_CTX_new(::TLS_client_method()));
  require(context != nullptr && ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1, "a TLS context");
  set_up(context.get());
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  trust(context.get(), authority.certificates);
  return context;
}

struct Doing {
  const char *sending, *receiving, *ending;
};
constexpr Doing kNodes{"sending over the nodes' connection", "receiving over the nodes' connection",
                       "ending the nodes' connection"};
constexpr Doing kServer{"sending", "receiving", "ending the connection"};

int most(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max())); }

}  // namespace

struct Connection::State {
  std::string peer;
  Context context;
  Ssl ssl;
  Doing doing = kNodes;
};

Connection::Connection(posix::UniqueFd socket, Side side, const Identity& own, std::string peer)
    : socket_(std::move(socket)), state_(std::make_unique<State>()) {
  state_->peer = std::move(peer);
  state_->context = make_context(side, own.keys(), state_->peer);
  start(side);
}

Connection::Connection(posix::UniqueFd socket, const Authority& authority)
    : socket_(std::move(socket)), state_(std::make_unique<State>()) {
  state_->doing = kServer;
  state_->context = make_context(authority);
  start(Side::client);
  expect(state_->ssl.get(), authority.host);
}

void Connection::start(Side side) {
  posix::set_nonblocking(socket_.get());
  state_->ssl.reset(::SSL_new(state_->context.get()));
  require(state_->ssl != nullptr && ::SSL_set_fd(state_->ssl.get(), socket_.get()) == 1, "a TLS connection");
  if (side == Side::client)
    ::SSL_set_connect_state(state_->ssl.get());
  else
    ::SSL_set_accept_state(state_->ssl.get());
}
Connection::~Connection() = default;

Want Connection::wanted(int result, const char* doing) {
  const int system = errno;
  const int error = ::SSL_get_error(state_->ssl.get(), result);
  if (error == SSL_ERROR_WANT_READ) return Want::readable;
  if (error == SSL_ERROR_WANT_WRITE) return Want::writable;
  const bool cut = ERR_GET_REASON(::ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  std::string why = last_reason();
  if (error == SSL_ERROR_SYSCALL && system != 0) why = std::strerror(system);
  if (cut || why.empty()) why = "it was closed without an end";
  throw Error(ErrorKind::unavailable, std::string(doing) + ": " + why);
}

Want Connection::shake_hands() {
  constexpr const char* kDoing = "the TLS handshake";
  const posix::SigpipeGuard guard;
  ::ERR_clear_error();
  errno = 0;
  const int result = ::SSL_do_handshake(state_->ssl.get());
  if (result == 1) return Want::nothing;
  if (const long why = ::SSL_get_verify_result(state_->ssl.get()); why != X509_V_OK) {
    last_reason();
    throw Error(ErrorKind::forbidden,
                std::string(kDoing) + ": " +
                    (why == X509_V_ERR_CERT_REJECTED
                         ? std::string("the other side has another certificate")
                         : std::string("the certificate is not trusted: ") + ::X509_verify_cert_error_string(why)));
  }
  return wanted(result, kDoing);
}

void Connection::shake_hands(const StopToken& stop) {
  for (Want want; (want = shake_hands()) != Want::nothing;) wait_for(socket_.get(), want, stop, "the TLS handshake");
}

void Connection::send(std::string_view bytes, const StopToken& stop) {
  const char* const doing = state_->doing.sending;
  const posix::SigpipeGuard guard;
  while (!bytes.empty()) {
    ::ERR_clear_error();
    errno = 0;
    const int sent = ::SSL_write(state_->ssl.get(), bytes.data(), most(bytes.size()));
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else
      wait_for(socket_.get(), wanted(sent, doing), stop, doing);
    if (stop.stop_requested()) throw Cancelled();
  }
}

std::size_t Connection::receive(std::span<char> into, const StopToken& stop) {
  const char* const doing = state_->doing.receiving;
  const posix::SigpipeGuard guard;
  for (std::size_t done = 0;;) {
    if (stop.stop_requested()) throw Cancelled();
    ::ERR_clear_error();
    errno = 0;
    const int got = ::SSL_read(state_->ssl.get(), into.data() + done, most(into.size() - done));
    if (got > 0) {
      done += static_cast<std::size_t>(got);
      // What has come already is taken along: a record is small.
      if (done == into.size()) return done;
      continue;
    }
    if (done > 0) return done;  // what else there is to say is said to the next call
    if (::SSL_get_error(state_->ssl.get(), got) == SSL_ERROR_ZERO_RETURN) return 0;
    wait_for(socket_.get(), wanted(got, doing), stop, doing);
  }
}

void Connection::end(const StopToken& stop) {
  const char* const doing = state_->doing.ending;
  const posix::SigpipeGuard guard;
  for (;;) {
    ::ERR_clear_error();
    errno = 0;
    const int result = ::SSL_shutdown(state_->ssl.get());
    if (result >= 0) return;  // it is told; the other side's end is not waited for
    wait_for(socket_.get(), wanted(result, doing), stop, doing);
  }
}

}  // namespace ms2m::tls
