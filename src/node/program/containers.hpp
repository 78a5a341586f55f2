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
  Containers(std::string root, Guard& guard) : root_(std::move(root)), guard_(guard), owner_(guard.owner()) {}

  /// A freeze with a limit, or an end other than `stay`, is watched by the guard before the kernel is told. Fails or
  /// is stopped: thawed.
  Found freeze(const Freeze& request, const StopToken& stop);
  /// Should the program die in the middle, the guard does the rest.
  Found thaw(const std::string& container, const StopToken& stop);
  Found kill(const std::string& container, const StopToken& stop);

  /// It stands still, for a dump, until let_go(), or the program is stopped for long (Guard::awake). Not ours: it did
  /// already, by a freeze of this session, whose terms go on to count. Error{not_found}: it does not run.
  /// Error{conflict}: somebody else has frozen it. `of_runtime`: the group as the runtime names it; that one is frozen,
  /// and not the container's above it (crun's scope/container): CRIU thaws what it was told to freeze, and waits for
  /// processes that run.
  struct Held {
    std::string id;
    ControlGroup group;
    bool ours = false;
  };
  Held hold(const std::string& container, const std::string& of_runtime, const StopToken& stop);
  /// Whatever is to become of it comes after the end of that process group.
  void end_after(const std::string& container, pid_t process_group);
  /// It is frozen by this session, and has not been thawed by anybody.
  bool stands(const Held& held) const;
  /// The end of hold(): it runs again, whatever a killed CRIU has left, unless another session has it.
  void let_go(const Held& held) noexcept;

  /// Every freeze comes to its end; none begins any more.
  void end() noexcept;

 private:
  enum class Terms { its_own, while_awake };  ///< of a request; Guard::Terms::while_awake besides
  /// False, as below: it has gone.
  bool freeze(const std::string& id, const ControlGroup& group, const Freeze& request, Terms terms,
              const StopToken& stop);
  bool begin_freeze(const std::string& id, const ControlGroup& group, const Freeze& request,
                    std::optional<BootTime> limit, Terms terms, const StopToken& stop);
  /// The right to decide about it; nullopt: it has gone.
  std::optional<Claim> claim(const std::string& id, const ControlGroup& group, const StopToken& stop) const;
  void check_still_held(const Claim& claim, const std::string& id, const ControlGroup& group) const;
  /// It is thawed, unless somebody has taken it over meanwhile.
  void give_up(const std::string& id, const ControlGroup& group);
  const std::string root_;
  Guard& guard_;
  const Owner owner_;  ///< also when the guard has ended
  std::mutex mutex_;
  bool ending_ = false;
};

}  // namespace ms2m::node
