// The only places of a node that its setup writes to.
#pragma once
#include <string>

namespace ms2m::node {

inline constexpr const char* kProgramPath = "/usr/libexec/ms2m/ms2m-node";
/// The program that was there before, which somebody had installed.
inline constexpr const char* kEarlierProgram = "/usr/libexec/ms2m/ms2m-node.before";
inline constexpr const char* kHandlerPath = "/usr/libexec/ms2m/ms2m-runtime";
inline constexpr const char* kHandlerTarget = "ms2m-node";  ///< of that link
inline constexpr const char* kHandlerSettings = "/etc/ms2m/runtime.json";
inline constexpr const char* kCriuDirectory = "/etc/criu";  ///< crun.conf and runc.conf are in it

/// What a kind of container runtime calls things: a row of the table.
struct RuntimeRow {
  const char* version;   ///< how nodeInfo.containerRuntimeVersion begins
  const char* service;   ///< of systemd, and the name of its process
  const char* settings;  ///< its own file
  const char* drop_ins;  ///< directory, of which it reads every file that ends so:
  const char* suffix;
  const char* drop_in;  ///< ours there
};

/// nullptr: none of the table.
const RuntimeRow* runtime_row(const std::string& version);
/// Whether a node with that runtime has such a place: a file, or a directory that has some of them in it.
bool is_setup_path(const RuntimeRow& row, const std::string& path);

}  // namespace ms2m::node
