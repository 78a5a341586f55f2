// What makes a node one that restores by ms2m's own runtime handler, and the port that brings it there and takes it
// back.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/stop.hpp"

namespace ms2m {

/// The RuntimeClass, and the handler's name in the configuration of container runtimes.
inline constexpr const char* kHandlerName = "ms2m";

enum class SetupKind { text, program, link, directory };

/// One file of a node: as it is, and as it is to be. nullopt: not there. What the texts are, by kind: its contents; the
/// program's build (first 16 hex digits of its SHA-256); where the link leads; "".
struct SetupFile {
  std::string path;
  SetupKind kind = SetupKind::text;
  std::optional<std::string> before, after;
  bool changes() const { return before != after; }
  friend bool operator==(const SetupFile&, const SetupFile&) = default;
};

struct NodeSetupPlan {
  std::string runtime;           ///< nodeInfo.containerRuntimeVersion
  std::string service;           ///< of systemd, that runs it
  std::vector<SetupFile> files;  ///< in the order in which they are written
  /// The container runtime has been running since before its configuration was changed; nullopt: cannot be told.
  std::optional<bool> outdated;
  bool changes() const {
    for (const SetupFile& file : files)
      if (file.changes()) return true;
    return false;
  }
};

enum class SetupWay { install, remove };

/// Errors as Nodes::open(), besides. Idempotent. Thread-safe.
class NodeSetup {
 public:
  virtual ~NodeSetup() = default;
  /// Changes nothing but that the program is there that answers. Error{refused}, with the cure: a configuration that is
  /// not understood, a file of somebody else's at a place of ours, a login that gets one command instead of a shell.
  virtual NodeSetupPlan look(const std::string& node, SetupWay way, const StopToken& stop) = 0;
  /// Does what look() told. Error{conflict}: the files there are not any more as they were then, and nothing was done.
  /// After any other error some of it may be done; the same again does the rest.
  virtual void apply(const std::string& node, SetupWay way, const NodeSetupPlan& plan, const StopToken& stop) = 0;
  /// Running containers stay. Error{failed} with what systemctl said.
  virtual void restart_runtime(const std::string& node, const StopToken& stop) = 0;
};

}  // namespace ms2m
