#include "node/program/passages.hpp"

#include <limits>

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "wrap/tls/door.hpp"
#include "wrap/tls/tcp.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMost = 16;  // at a time; a move has one

void check_peer(const std::string& fingerprint) {
  if (!is_sha256(fingerprint)) throw Error(ErrorKind::usage, "'" + fingerprint + "' is no certificate's fingerprint");
}

std::uint16_t checked_port(std::uint64_t port) {
  if (port > std::numeric_limits<std::uint16_t>::max())
    throw Error(ErrorKind::usage, std::to_string(port) + " is no port");
  return static_cast<std::uint16_t>(port);
}

void note(std::string& all, const Error& error) { all += (all.empty() ? "" : "; ") + error.message(); }

std::vector<posix::UniqueFd> listen(const OpenPassage& request, PassageEnds& ends) {
  std::vector<posix::UniqueFd> sockets;
  std::string why;
  for (const std::string& address : request.addresses) {
    try {
      sockets.push_back(tls::listen_at(address, checked_port(request.port)));
      ends.ends.push_back({address, tls::port_of(sockets.back())});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      note(why, error);
    }
  }
  if (sockets.empty()) throw Error(ErrorKind::unavailable, why.empty() ? "the node has no address" : why);
  return sockets;
}

std::unique_ptr<tls::Connection> connect(const PassageEnd& end, const tls::Identity& own, const std::string& peer,
                                         const StopToken& stop) {
  const std::string at = tls::end_text(end.address, checked_port(end.port));
  auto socket = tls::connect_to(end.address, checked_port(end.port), kPassageLimit, stop);
  auto connection = std::make_unique<tls::Connection>(std::move(socket), tls::Side::client, own, peer);
  try {
    connection->shake_hands(stop.within(kPassageLimit));
  } catch (Error& error) {
    stop.check("connecting to " + at);
    const bool slow = error.kind() == ErrorKind::timeout;
    throw Error(slow ? ErrorKind::unavailable : error.kind(), "connecting to " + at + ": " + error.message());
  }
  return connection;
}

}  // namespace

PassageKey Passages::offer(const OfferPassage& request) {
  check_restore_id(request.id);
  tls::Identity own;
  PassageKey key{own.fingerprint()};
  const std::lock_guard lock(mutex_);
  if (offered_.size() >= kMost && offered_.count(request.id) == 0)
    throw Error(ErrorKind::refused, "too many connections between nodes at a time");
  offered_.insert_or_assign(request.id, std::move(own));
  return key;
}

PassageOpened Passages::open(const OpenPassage& request, Channel& channel) {
  check_restore_id(request.id);
  check_peer(request.peer);
  const tls::Identity own;
  PassageEnds ends{{}, own.fingerprint()};
  tls::Door door(listen(request, ends), own, request.peer);
  channel.progress(ends);
  try {
    keep(request.id, door.admit(channel.stop().within(kPassageOpen)));
  } catch (const Error& error) {
    if (door.strangers() == 0) throw;
    throw Error(error.kind(), error.message() + "; " + std::to_string(door.strangers()) +
                                  " came with another certificate, or none, and were turned away");
  }
  return {door.strangers()};
}

PassageEnd Passages::enter(const EnterPassage& request, const StopToken& stop) {
  check_peer(request.peer);
  std::optional<tls::Identity> own;
  {
    const std::lock_guard lock(mutex_);
    auto offered = offered_.extract(request.id);
    if (offered.empty()) throw Error(ErrorKind::not_found, "this session has offered no passage " + request.id);
    own = std::move(offered.mapped());
  }
  std::string why;
  ErrorKind kind = ErrorKind::unavailable;
  for (const PassageEnd& end : request.ends) {
    try {
      keep(request.id, connect(end, *own, request.peer, stop));
      return end;
    } catch (const Error& error) {
      stop.check("connecting to " + end.address);
      if (error.kind() == ErrorKind::forbidden) kind = ErrorKind::forbidden;
      note(why, error);
    }
  }
  throw Error(kind, why.empty() ? "there is no address to connect to" : why);
}

std::unique_ptr<tls::Stream> Passages::take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto found = ready_.extract(id);
  if (found.empty()) throw Error(ErrorKind::not_found, "this session has no passage " + id);
  return std::move(found.mapped());
}

bool Passages::drop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const std::size_t offered = offered_.erase(id), ready = ready_.erase(id);
  return offered + ready > 0;
}

void Passages::keep(const std::string& id, std::unique_ptr<tls::Stream> connection) {
  const std::lock_guard lock(mutex_);
  if (ready_.size() >= kMost && ready_.count(id) == 0)
    throw Error(ErrorKind::refused, "too many connections between nodes at a time");
  ready_[id] = std::move(connection);
}

}  // namespace ms2m::node
