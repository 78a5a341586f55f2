// The second process: it brings what is frozen to its end when the program cannot.
#pragma once
#include <array>
#include <cstdint>

#include "ms2m/units.hpp"
#include "node/program/freeze_owner.hpp"

namespace ms2m::node {

/// One packet from the program; answered with one byte once it counts.
struct GuardOrder {
  enum class What : std::uint8_t { watch, dismiss };
  static constexpr std::int64_t kNoLimit = -1;
  What what{};
  AtEnd end{};
  std::int32_t version = 2;
  std::int64_t limit_ns = kNoLimit;  ///< time of BootClock
  std::int64_t linger_ns = 0;        ///< after the end of the program
  std::int32_t after = 0;            ///< a process group: its end comes first; 0: none
  std::array<char, 65> id{};         ///< of the container; ends with 0
  std::array<char, 4096> path{};     ///< of its control group; likewise
};

/// All that the guard does, until the other end of `socket` (SOCK_SEQPACKET) is closed, which the kernel does whatever
/// the program died of: then everything that is watched is brought to its end, at once or when it has lingered. A limit
/// that is over brings that one to its end. Each is tried for ten seconds, and left to whoever has taken it over. What
/// is to come after the end of a process group waits for that, ten minutes at most.
void run_guard(int socket) noexcept;

}  // namespace ms2m::node
