// What a node checkpoints and restores with: versions and configuration of CRIU, the OCI runtime and the container
// runtime. What cannot be found out is not taken for "off".
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m {

/// Numbers of "4.2.1", "2.1.9+unknown", "v1.36.3-dev"; empty when it begins with none. Compare with <: 4.2 < 4.2.1.
std::vector<int> version_numbers(const std::string& text);

struct NodeTools {
  bool asked = false;              ///< false: the node gave no answer, and nothing below says anything
  std::string criu{};              ///< version; empty: not found there
  std::string crun{};              ///< likewise
  std::string runc{};              ///< likewise
  std::string oci{};               ///< the one in use: "crun" or "runc"; empty: cannot be told
  bool crun_without_criu = false;  ///< crun was built without it

  /// CRIU's options by the file that has them, for each file that is there.
  std::map<std::string, std::map<std::string, std::string>> criu_options{};

  bool crio_configured = false;               ///< CRI-O told its configuration, or its files could be read
  std::optional<bool> crio_criu_support{};    ///< enable_criu_support
  std::string crio_level{};                   ///< container_level_enabled; empty: not set
  bool crio_knows_levels = false;             ///< this version has that setting
  std::string crio_signature_policy{};        ///< empty: not set
  bool containerd_configured = false;         ///< the same for containerd
  std::optional<bool> containerd_criu{};      ///< enable_criu
  std::optional<bool> containerd_restores{};  ///< enable_experimental_restore_via_create
};

/// One command on the node; changes nothing. `container_id` as in the pod's status, or empty: its monitor's command
/// line tells which OCI runtime it has. A node that does not answer is not `asked`. Throws Cancelled.
NodeTools look_at_tools(NodeShell& shell, const std::string& node, const std::string& container_id,
                        const StopToken& stop);

/// CRIU's configuration file that this node's OCI runtime reads, "/etc/criu/crun.conf" or "/etc/criu/runc.conf": crun
/// takes runc's when its own is not there.
std::string criu_config_file(const NodeTools& tools);
/// The options in it.
std::map<std::string, std::string> criu_options(const NodeTools& tools);
/// The largest deleted file that CRIU carries along: its option ghost-limit, 1 MiB by default.
Bytes ghost_limit(const NodeTools& tools);

}  // namespace ms2m
