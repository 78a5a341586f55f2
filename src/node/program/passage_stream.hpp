// A stream on its way through a connection with another node, or with a registry.
#pragma once
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/pace.hpp"
#include "node/program/wire.hpp"
#include "wrap/tls/stream.hpp"

namespace ms2m::node {

/// A thread of its own ciphers and waits for the network, while the request's hashes and uses the disk; a MiB at most
/// lies between them. For the request's thread; either sends or receives. Waits end by its stop token: Cancelled. What
/// fails in the connection is thrown by the next call.
class PassageStream {
 public:
  /// `wire`, whose mutex and condition it waits with, must outlive it; whoever stops `stop` wakes that.
  PassageStream(std::unique_ptr<tls::Stream> connection, std::optional<Bytes> per_second, Wire& wire,
                const StopToken& stop)
      : connection_(std::move(connection)), pace_(per_second), wire_(wire), stop_(stop) {}
  /// Closes the connection, whatever is on its way, when what was sent has been taken back: in seconds at most.
  ~PassageStream();
  PassageStream(const PassageStream&) = delete;
  PassageStream& operator=(const PassageStream&) = delete;

  void send(std::string_view bytes);
  /// Returns when all has gone, and the other side has been told that it is all.
  void finish();

  void begin_to_receive();
  /// Empty: the stream has ended, as the other side has told.
  std::string receive();

 private:
  void run(void (PassageStream::*work)()) noexcept;
  void break_off() noexcept;
  void give();
  void take();
  void check() const;  ///< wire_.mutex
  bool full() const { return bytes_ >= kMostBetween; }

  static constexpr std::size_t kMostBetween = 1u << 20;

  const std::unique_ptr<tls::Stream> connection_;
  Pace pace_;
  Wire& wire_;
  const StopToken stop_;
  StopSource over_;  ///< ends the thread
  // Wire::mutex:
  std::deque<std::string> between_;
  std::size_t bytes_ = 0;
  bool all_ = false;   ///< whoever puts into it puts nothing more
  bool done_ = false;  ///< the thread has ended
  std::exception_ptr failure_;
  std::thread thread_;  ///< last: it uses the others
};

}  // namespace ms2m::node
