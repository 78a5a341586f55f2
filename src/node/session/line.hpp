// The bytes between ms2m and a program on a node, whatever carries them.
#pragma once
#include <memory>
#include <string>

#include "ms2m/error.hpp"
#include "ms2m/units.hpp"
#include "node/protocol/version.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// What a Session reads, writes and waits for. One thread uses it. Its destructor ends it at once.
class Line {
 public:
  Line() = default;
  virtual ~Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // All of them non-blocking.
  posix::UniqueFd in;   ///< to the program; closing it ends that
  posix::UniqueFd out;  ///< from it; its end is the line's
  posix::UniqueFd err;  ///< what is said beside, for people; empty: nothing ever is

  /// At most so long until the line has ended.
  virtual void wait_for_end(Millis limit) = 0;
  /// Why it ended, or broke; `said` is the tail of what came by `err`.
  virtual Error cause(const std::string& said) = 0;
  /// Now, whatever is on its way.
  virtual void cut() noexcept = 0;
};

/// A program that has greeted: from here on `line` carries frames.
struct Link {
  std::unique_ptr<Line> line;
  std::string node;
  std::string by_hand;  ///< what a person would type to see whether the node is there
  Greeting greeting{};
  std::string early{};  ///< what came behind the greeting
  std::string said{};   ///< the tail of `err` so far
  bool pushed = false;  ///< the program was not there
};

inline constexpr std::size_t kSaidKept = 8u << 10;

}  // namespace ms2m::node
