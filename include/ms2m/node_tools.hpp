// What a node checkpoints and restores with: versions and configuration of CRIU, the OCI runtime and the container
// runtime. What cannot be found out is not taken for "off". Values.
#pragma once
#include <map>
#include <optional>
#include <string>

namespace ms2m {

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

  std::string handler{};            ///< build of ms2m's runtime handler there; empty: there is none
  bool handler_configured = false;  ///< it knows its real runtime, and the container runtime's configuration names it
  std::string program{};            ///< build of the node program that answered, and prepares restores for the handler
  std::string handler_here{};       ///< build that this ms2m would bring; not asked of the node
};

}  // namespace ms2m
