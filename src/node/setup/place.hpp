// Which node is set up, and its files as they are.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "node/protocol/setup_paths.hpp"

namespace ms2m::node {

struct SetupPlace {
  std::string system;   ///< before every path of the node; empty on a node
  std::string node;     ///< its name, for messages
  std::string runtime;  ///< nodeInfo.containerRuntimeVersion
  std::string build;    ///< of the program that does it, /proc/self/exe
};

/// Error{refused}: the table has no row for the node's runtime.
const RuntimeRow& row_of(const SetupPlace& place);
/// Error{refused}: "node worker-1: <why>".
Error not_understood(const SetupPlace& place, const std::string& why, const std::string& cure);

/// Contents of a file; nullopt: there is none. Error{refused}: it is no regular file, no UTF-8, or larger than 200 KiB;
/// others than root could have written it.
std::optional<std::string> text_of(const SetupPlace& place, const std::string& path);
/// Build of a program; nullopt: there is none. Error{refused} as above.
std::optional<std::string> build_of(const SetupPlace& place, const std::string& path);
/// Where a link leads; nullopt: there is nothing. Error{refused}: it is no link.
std::optional<std::string> link_of(const SetupPlace& place, const std::string& path);
bool is_directory(const SetupPlace& place, const std::string& path);
/// Names of what is in a directory, sorted; none: there is no such directory.
std::vector<std::string> names_of(const SetupPlace& place, const std::string& path);

}  // namespace ms2m::node
