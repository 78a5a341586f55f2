// The processes of a container, as /proc shows them.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace ms2m::node {

/// "/proc/<pid>" of every process, in the order of their names.
std::vector<std::string> all_processes();
/// Of those whose control group has the container's ID in its path. The group of its monitor has it as well, but that
/// sees the node's files: it is left out.
std::vector<std::string> processes_of(const std::string& container_id);

/// Some process of the group has not ended. One that only waits to be reaped has.
bool group_lives(pid_t process_group);

struct OpenFile {
  std::string number;
  std::string target;  ///< "/data/x", "socket:[4711]", "/tmp/a (deleted)"
};
std::vector<OpenFile> open_files(const std::string& process);

/// "/proc/<pid>" of the process that traces it; "" when nobody that is seen from here does. Source: proc_pid_status(5).
std::string tracer_of(const std::string& process);

/// argv; empty when it has gone.
std::vector<std::string> command_line(const std::string& process);

}  // namespace ms2m::node
