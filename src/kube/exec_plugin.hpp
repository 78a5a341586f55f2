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

/// Whether standard input is a terminal that somebody is at who can answer: we are in its foreground.
bool can_ask();

/// Time for a login in a browser on another device.
inline constexpr std::chrono::minutes kPluginLimit{15};

/// Blocks until the plugin ends, at most kPluginLimit; a stop ends it. Its stderr is ours, as with kubectl: what it
/// asks or tells a person is seen at once. With `can_ask`, and unless its interactiveMode is Never, it is told that it
/// may ask, and has our standard input. A plugin that insists on that (Always) is Error{usage} without. Error{usage}
/// with its installHint when the command does not exist, {forbidden} when it fails, {timeout}, {protocol} when it
/// prints something else.
ExecCredential run_exec_plugin(const KubeAccess& access, const RunProcess& run, bool can_ask, const StopToken& stop);

/// KUBERNETES_EXEC_INFO.
std::string exec_info(const KubeAccess& access, bool interactive);
/// Error{protocol}, without the text itself (it may hold a secret).
ExecCredential parse_exec_credential(const std::string& text, const ExecPlugin& plugin);
/// RFC 3339; nullopt: not a time.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(const std::string& text);

}  // namespace ms2m
