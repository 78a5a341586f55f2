// The frames that are to be sent, in an order in which nothing small waits behind a stream.
#pragma once
#include <deque>
#include <mutex>
#include <string>

#include "ms2m/units.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// push() from any thread; the rest from the one that writes.
class Outgoing {
 public:
  Outgoing();
  /// Never blocks. How much data there can be is bounded by its receiver's credit. `payload`: what of the frame is
  /// behind `frame`, which is its head then.
  void push(std::string frame, std::string payload = {});
  /// Readable when something was pushed.
  int wake_fd() const noexcept { return wake_.get(); }
  /// Writes what goes now. false: nobody reads any more.
  bool write_to(const posix::UniqueFd& pipe);
  bool empty() const;
  TimePoint sent_at() const noexcept { return sent_at_; }  ///< when bytes went last

 private:
  struct Packet {
    std::string frame, payload;
    std::size_t size() const noexcept { return frame.size() + payload.size(); }
  };
  bool next();
  posix::UniqueFd wake_;  ///< eventfd
  mutable std::mutex mutex_;
  std::deque<Packet> small_, data_;
  Packet current_;  ///< a part of it may be written
  std::size_t written_ = 0;
  TimePoint sent_at_ = Clock::now();
};

}  // namespace ms2m::node
