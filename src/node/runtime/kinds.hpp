// What container runtimes call things on their nodes: one of these for each kind, in a file of its own.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ms2m/node_tools.hpp"
#include "node/runtime/runtime.hpp"

namespace ms2m::node {

struct RuntimeKind {
  std::string scheme;  ///< of nodeInfo.containerRuntimeVersion
  std::string scope;   ///< a container's control group is <scope>-<id>.scope, by systemd, or <scope>-<id>
  /// The program beside each container, whose command line tells its OCI runtime behind one of these flags; its own
  /// control group is <scope>-<monitor>-<id>. Empty: there is none that would tell.
  std::string monitor;
  std::vector<std::string> runtime_flags;

  std::vector<std::string> directories;  ///< of programs of its own, before PATH
  std::string program;                   ///< empty: its settings are not known here
  std::vector<std::string> question;     ///< arguments with which it prints its settings
  std::string file, more;                ///< where they stand otherwise, and a directory of files after that
  std::string sought;                    ///< a word that newer ones of it have in them; read() hears of it
  std::vector<std::string> states;       ///< where its OCI runtimes keep their state: their --root
  std::string oci;                       ///< which OCI runtime it takes when nobody says otherwise
  /// Its settings as TOML, or nothing. Returns the OCI runtime that they name, or "".
  std::function<std::string(const std::string& toml, bool has_sought, NodeTools& tools)> read;

  /// Empty: its store is not known here.
  std::function<std::unique_ptr<NodeRuntime>(const RuntimePlace&)> store;
};

RuntimeKind crio_kind();
RuntimeKind containerd_kind();
RuntimeKind docker_kind();
/// All of them.
const std::vector<RuntimeKind>& runtime_kinds();

/// Of a container, whichever kind its runtime is of; with cgroupfs some have the bare ID.
std::vector<std::string> control_group_names(const std::string& id);

struct OciRuntime {
  std::string name;
  std::string criu_file;    ///< which CRIU reads for it
  std::string state_file;   ///< JSON, in <root>/<container>
  std::string state_group;  ///< its field with the control group, where that may be below the container's; or ""
  std::string state_init;   ///< its field with the first process' number
};
const std::vector<OciRuntime>& oci_runtimes();

}  // namespace ms2m::node
