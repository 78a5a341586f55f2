// Freezing, thawing and killing of a container's processes.
#pragma once
#include <mutex>
#include <string>

#include "node/program/control_group.hpp"
#include "node/program/guard.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

/// Thread-safe. Error{usage} for what is no container's ID; Error{failed} when the kernel did not do it within seconds;
/// Error{inconsistent} when a session that began later has the container.
class Containers {
 public:
  /// `guard` must outlive it.
  Containers(std::string root, Guard& guard) : root_(std::move(root)), guard_(guard) {}

  /// A freeze with a limit, or an end other than `stay`, is watched by the guard before the kernel is told. Fails or
  /// is stopped: thawed.
  Found freeze(const Freeze& request, const StopToken& stop);
  /// Should the program die in the middle, the guard does the rest.
  Found thaw(const std::string& container, const StopToken& stop);
  Found kill(const std::string& container, const StopToken& stop);

  /// Every freeze comes to its end; none begins any more.
  void end() noexcept;

 private:
  /// False: it has gone.
  bool begin_freeze(const std::string& id, const ControlGroup& group, const Freeze& request,
                    std::optional<BootTime> limit, const StopToken& stop);
  /// The right to decide about it; nullopt: it has gone.
  std::optional<Claim> claim(const std::string& id, const ControlGroup& group, const StopToken& stop) const;
  void check_still_held(const Claim& claim, const std::string& id, const ControlGroup& group) const;
  /// It is thawed, unless somebody has taken it over meanwhile.
  void give_up(const std::string& id, const ControlGroup& group);
  const std::string root_;
  Guard& guard_;
  std::mutex mutex_;
  bool ending_ = false;
};

}  // namespace ms2m::node
