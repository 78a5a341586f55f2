// The second process: it brings what is frozen to its end when the program cannot.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>

#include "ms2m/units.hpp"
#include "node/program/freeze_owner.hpp"

namespace ms2m::node {

/// One packet from the program; answered with one byte once it counts, `awake` never. `sever` has a socket with it
/// (SCM_RIGHTS), without which it does not count.
struct GuardOrder {
  enum class What : std::uint8_t { watch, dismiss, sever, spare, awake };
  static constexpr std::int64_t kNoLimit = -1;
  What what{};
  AtEnd end{};
  std::int32_t version = 2;
  std::int64_t limit_ns = kNoLimit;  ///< time of BootClock
  std::int64_t linger_ns = 0;        ///< after the end of the program
  std::int32_t after = 0;            ///< a process group: its end comes first; 0: none
  bool while_awake = false;          ///< it comes to its end, too, when nothing was heard of the program for kSilence
  std::array<char, 65> id{};         ///< of the container, or the socket's; ends with 0
  std::array<char, 4096> path{};     ///< of its control group; likewise
};

/// A program that is stopped, or hangs, says nothing for so long. The time of a suspended machine does not count.
inline constexpr std::chrono::seconds kGuardSilence{15};

/// All that the guard does, until the other end of `socket` (SOCK_SEQPACKET) is closed, which the kernel does whatever
/// the program died of: then everything that is watched is brought to its end, at once or when it has lingered. A limit
/// that is over brings that one to its end. Each is tried for ten seconds, and left to whoever has taken it over. What
/// is to come after the end of a process group waits for that, ten minutes at most. Sockets that are to be severed are
/// shut down with the program's end or after its silence, whatever is sooner.
void run_guard(int socket) noexcept;

}  // namespace ms2m::node
