// The guard's own process.
#pragma once
#include <functional>

namespace ms2m::node {

/// SIGKILL to every process below this one, again and again for at most ten seconds, and reaps them.
void kill_everything_below();

/// Runs `program` in a process of its own, which ends with what that returns; sends its ExitStatus over `socket`
/// (SOCK_SEQPACKET), and exits when one byte comes: what runs then goes on. When the other end is closed instead, at
/// whatever time: kills everything below itself, again and again for at most ten seconds, and calls `undo`. `kept`
/// stays open until then.
[[noreturn]] void guard_main(int socket, int kept, const std::function<int()>& program,
                             const std::function<void()>& undo) noexcept;

}  // namespace ms2m::node
