// A channel's stream, read by pieces of known sizes.
#pragma once
#include <algorithm>
#include <string>

#include "node/program/channel.hpp"

namespace ms2m::node {

class FromChannel {
 public:
  explicit FromChannel(Channel& channel) : channel_(channel) {}
  /// All of `into`. False: the stream has ended. Throws Cancelled.
  bool get(std::string& into) {
    for (std::size_t done = 0; done < into.size();) {
      if (at_ == bytes_.size()) {
        auto next = channel_.receive();
        if (!next) return false;
        bytes_ = std::move(*next);
        at_ = 0;
      }
      const std::size_t some = std::min(into.size() - done, bytes_.size() - at_);
      bytes_.copy(into.data() + done, some, at_);
      done += some;
      at_ += some;
    }
    return true;
  }

 private:
  Channel& channel_;
  std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace ms2m::node
