// Where the processes of a copy are that a runtime has restored.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// The first one, as the runtime has written it; 0 or 1: it has not.
pid_t first_of_copy(const std::string& pid_file);

/// Its children, and theirs, as far as 64 generations down.
std::vector<pid_t> processes_below(pid_t process);

/// Path of the control group (version 2) of a process ("/proc/<process>"), below its file system; "": it has none.
std::string group_of(const std::string& process);
/// A file of such a group ("cgroup.kill"), for writing; empty: it is not there.
posix::UniqueFd open_in_group(const std::string& group, const std::string& file);

}  // namespace ms2m::node
