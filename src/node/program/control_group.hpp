// The control group of a container's processes, and what its files do with them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "ms2m/stop.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

struct ControlGroup {
  std::string path;
  int version = 2;  ///< 1: the freezer's tree
};

/// Looked for by its name below `root` (control_group_names(); never the monitor's). Of several, the one that is below
/// the fewest other containers' groups, as a container may be able to make groups of any name in its own; of those, one
/// below kubepods or machine slices; of those, version 2 (cgroup.freeze; also below a hybrid root's "unified") where
/// the container's processes are in it, else version 1's freezer. Whatever the runtime makes below it (crun's
/// "container") counts, and is stopped with it. nullopt: no process of it is left. Kernel: admin-guide/cgroup-v2.rst,
/// "Core Interface Files"; admin-guide/cgroup-v1/freezer-subsystem.rst.
std::optional<ControlGroup> find_control_group(const std::string& root, const std::string& id);

/// The group that the container's runtime works with, as it names that
/// ("/kubepods.slice/.../crio-<id>.scope/container"): `whole`, or one below it.
ControlGroup group_of_runtime(const ControlGroup& whole, const std::string& of_runtime);

bool has_processes(const ControlGroup& group);

/// False: the kernel did not take it, or the group has gone.
bool write_frozen(const ControlGroup& group, bool frozen);
/// Nobody has told the kernel otherwise since it was frozen.
bool is_kept_frozen(const ControlGroup& group);
/// Waits at most five seconds until every process has stopped. False: they did not. Calls `again` while version 1 says
/// FREEZING: it has to be told again then (admin-guide/cgroup-v1/freezer-subsystem.rst). Throws Cancelled, and what
/// `again` throws.
bool await_frozen(const ControlGroup& group, const StopToken& stop, const std::function<void()>& again);

/// SIGKILL to all of them, frozen or not, and waits at most five seconds until they are gone. False: they are not. In
/// version 1 a frozen process dies only when it is thawed, but then before it runs on; frozen it cannot fork. Throws
/// Cancelled.
bool kill_processes(const ControlGroup& group, const StopToken& stop);

/// One step towards what is to become of it, without waiting. True: it has come to that.
bool end_now(const ControlGroup& group, AtEnd end) noexcept;

}  // namespace ms2m::node
