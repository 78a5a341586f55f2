// A session: greeting, frames in, answers out, until it ends.
#pragma once
#include <optional>
#include <string>

#include "node/program/guard.hpp"
#include "node/program/requests.hpp"
#include "node/program/roots.hpp"
#include "node/protocol/version.hpp"

namespace ms2m::node {

struct Streams {
  int in = 0;
  int out = 1;
  int signals = -1;  ///< a signalfd: any of its signals ends the session
};

class Server {
 public:
  /// `guard` must outlive it. The streams become non-blocking.
  Server(const Streams& streams, const Roots& roots, Greeting greeting, Guard& guard);

  /// Returns why the session ended: "" when ms2m closed it or a signal came. By then every freeze has come to its end,
  /// requests are cancelled, their child processes ended, what they had not verified is removed, and no container
  /// stands still that the kubelet's checkpoint has left so.
  std::string run();

 private:
  void loop();
  int patience() const;
  void read();
  void obey(Frame frame);
  void hello(const Frame& frame);
  void beat();
  void write();
  bool written_out() const noexcept { return written_ == out_.size(); }
  void flush(Millis limit) noexcept;
  void finish() noexcept;

  const Streams streams_;
  const Roots roots_;
  const Greeting greeting_;
  Guard& guard_;
  Containers containers_;
  Dumps dumps_;
  Attended attended_;
  Passages passages_;
  RegistryExchanges registry_;
  KeptMemory sent_, arrived_;
  Node node_;
  Wire wire_;
  Requests requests_;
  FrameDecoder decoder_{Reader::program};
  std::string out_;  // [written_, end) is to be written
  std::size_t written_ = 0;
  bool greeted_ = false;  // by ms2m's hello
  bool ended_ = false;
  BootClock::duration silence_;
  BootTime heard_, said_;
  TimePoint awake_{};  // as the guard knows
};

}  // namespace ms2m::node
