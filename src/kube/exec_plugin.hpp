// Runs a credential plugin and reads what it prints. Source: kubernetes.io "client-go credential plugins".
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "kube/kubeconfig.hpp"
#include "ms2m/stop.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {

struct ExecCredential {
  std::string token;
  std::string certificate, key;  ///< PEM text; both or none
  std::optional<std::chrono::system_clock::time_point> expires;
};

using RunProcess = std::function<posix::RunResult(const posix::RunSpec&, const StopToken&, const std::string& doing)>;

/// Blocks until the plugin ends. It gets no terminal (interactive: false), because it runs in a process group of its
/// own; a plugin that insists on one (interactiveMode Always) is Error{usage}. Error{usage} with its installHint when
/// the command does not exist, {forbidden} with the last line of its stderr when it fails, {protocol} when it prints
/// something else.
ExecCredential run_exec_plugin(const KubeAccess& access, const RunProcess& run, const StopToken& stop);

/// KUBERNETES_EXEC_INFO.
std::string exec_info(const KubeAccess& access);
/// Error{protocol}, without the text itself (it may hold a secret).
ExecCredential parse_exec_credential(const std::string& text, const ExecPlugin& plugin);
/// RFC 3339; nullopt: not a time.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(const std::string& text);

}  // namespace ms2m
