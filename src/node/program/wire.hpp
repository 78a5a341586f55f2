// What is on its way to ms2m, shared by the loop that writes it and the threads that answer.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "ms2m/stop.hpp"
#include "node/protocol/frame.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// Frames of streams keep their order and wait for room; everything else goes before them. Thread-safe.
class Wire {
 public:
  Wire();

  /// Never waits. Behind what is left of its own channel's stream.
  void put(FrameKind kind, std::uint32_t channel, std::string_view payload = {});
  /// Waits until there is room. Throws Cancelled when `stop` is stopped (and wake() called).
  void put_data(std::uint32_t channel, std::string_view bytes, const StopToken& stop);

  /// The next frame; "": nothing is left.
  std::string take();
  bool empty();
  /// Readable when there is something to take; drain() makes it not so.
  int fd() const noexcept { return event_.get(); }
  void drain() noexcept;
  /// Whoever waits looks at his stop token.
  void wake();

  /// For the channels' own waits, too.
  std::mutex mutex;
  std::condition_variable changed;

 private:
  void signal() noexcept;
  std::deque<std::string> urgent_;
  struct Bulk {
    std::uint32_t channel;
    std::string bytes;
  };
  std::deque<Bulk> bulk_;
  std::map<std::uint32_t, std::size_t> frames_of_;  // of each channel in bulk_
  std::size_t bulk_bytes_ = 0;
  posix::UniqueFd event_;
};

}  // namespace ms2m::node
