// Whose freeze of a container counts. Sessions do not know of each other: one that was lost may live on beside the one
// that came after it, and its guard acts when its time is over. What came last is written on the container's control
// group, where it goes with the group.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "ms2m/stop.hpp"
#include "node/program/control_group.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// A session, by its guard: the process that lives until everything has come to its end.
struct Owner {
  pid_t guard = -1;
  std::uint64_t began = 0;  ///< /proc/<pid>/stat, starttime: in which order sessions began
  friend bool operator==(const Owner&, const Owner&) = default;
};
/// nullopt: there is no such process, or it only waits to be reaped.
std::optional<Owner> owner_of(pid_t guard);

/// What a session did with the container last.
struct Owned {
  Owner owner;
  std::optional<AtEnd> end;  ///< of its freeze; nullopt: it has been thawed or killed
};

/// The right to change whether a container's processes run, and who decides that. At any time one thread of one process
/// has it; whoever dies with it gives it up.
class Claim {
 public:
  enum class Got { claim, busy, gone };
  /// `busy`: somebody else has it.
  static Got try_now(const ControlGroup& group, std::optional<Claim>& claim) noexcept;
  /// nullopt: the group has gone. Error{failed}: somebody has had it for five seconds. Throws Cancelled.
  static std::optional<Claim> wait(const ControlGroup& group, const StopToken& stop);

  /// nullopt: nobody has done anything with it.
  std::optional<Owned> read() const;
  /// Error{failed}.
  void write(const Owned& owned) const;

 private:
  explicit Claim(posix::UniqueFd directory) : directory_(std::move(directory)) {}
  posix::UniqueFd directory_;  ///< of the group; its lock is the claim
};

/// A session that began later has it: what is still under way of an older one must not meddle. One that is gone, all of
/// it, in the middle of a freeze does not count.
bool is_newer(const std::optional<Owned>& owned, const Owner& than);

enum class Ending {
  done,   ///< nothing is left to do
  again,  ///< the kernel has not done it yet
  busy,   ///< somebody else is about to decide
};
/// One step towards the end of what `owner` had watched, without waiting. It is left alone where another one has
/// decided since, unless all of that one is gone: then what it decided is done.
Ending end_owned(const ControlGroup& group, const Owner& owner, AtEnd end) noexcept;
/// The same again and again, for at most ten seconds.
void bring_to_end(const ControlGroup& group, const Owner& owner, AtEnd end) noexcept;

}  // namespace ms2m::node
