// Files of a node, as root opens them: no link that somebody else made is followed.
#pragma once
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// A directory by its absolute path. Links in it are followed when root or this process' user made them (a kubelet's
/// directory is often one); any other: Error{refused}. Empty: there is none. Error{failed}.
posix::UniqueFd open_directory(const std::string& path);
/// `name` (no path) in it, likewise, but a link is never followed: Error{refused}.
posix::UniqueFd open_directory_in(int directory, const std::string& name);
/// The same, made with mode 0700 when it is not there; `made` tells so. Empty: somebody removes it, or `directory`, at
/// the same time.
posix::UniqueFd make_directory_in(int directory, const std::string& name, bool& made);
/// A regular file, for reading. Empty: there is none of that name, or it is something else. Error{failed}.
posix::UniqueFd open_file_in(int directory, const std::string& name);
/// What is there now, links not followed; nullopt: nothing.
std::optional<struct ::stat> look_in(int directory, const std::string& name);

/// Names in it, without "." and "..".
std::vector<std::string> names_in(int directory);
/// Removes a file or a link. false: was not there. Error{failed}, also for a directory.
bool remove_in(int directory, const std::string& name);
/// rm -r; links are removed, not followed. false: was not there.
bool remove_tree_in(int directory, const std::string& name);

/// "/a/b" of "/a/b/c", and "c".
std::pair<std::string, std::string> split_path(const std::string& path);
/// Contents of a file by its path, up to `limit` bytes; nullopt: it cannot be read. For files that are nobody's but
/// root's or the kernel's.
std::optional<std::string> read_text(const std::string& path, std::size_t limit = 16u << 20);
/// When a process began ("/proc/<pid>"), in clock ticks since the machine did: proc(5), stat, starttime. nullopt: there
/// is no such process, or it only waits to be reaped.
std::optional<std::uint64_t> start_ticks(const std::string& process);
/// Target of a link; "" when it cannot be read.
std::string read_link(const std::string& path);

}  // namespace ms2m::node
