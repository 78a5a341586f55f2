// The requests of a session that are being answered, a thread each.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "node/program/answering.hpp"
#include "node/program/wire.hpp"

namespace ms2m::node {

/// For the loop's thread alone. `wire` must outlive it.
class Requests {
 public:
  explicit Requests(Wire& wire) : wire_(wire) {}
  /// end()
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  /// Starts to answer. Error{protocol}: a number that was used before, too many at a time.
  void begin(const Node& node, std::uint32_t channel, Json request);
  /// Frames of ms2m for one of them; those for a channel that is answered already are ignored. Error{protocol}.
  void deliver(Frame frame);
  /// Forgets those that are answered.
  void reap();
  /// Cancels all and waits until their threads have ended.
  void end() noexcept;

 private:
  struct Running {
    explicit Running(std::uint32_t number, Wire& wire) : channel(number, wire) {}
    Channel channel;
    std::atomic<bool> answered = false;
    std::thread thread;
  };
  static void run(const Node& node, const Json& request, Running& running, Wire& wire) noexcept;
  Wire& wire_;
  std::map<std::uint32_t, std::unique_ptr<Running>> running_;
  std::uint32_t last_ = 1;  // hello's
};

}  // namespace ms2m::node
