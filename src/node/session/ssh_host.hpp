// Under which name, address and options ssh is called for a node.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "ms2m/stop.hpp"

namespace ms2m {

struct SshOptions {
  std::string program = "ssh";
  std::string config;       ///< -F: used instead of the user's own configuration when not empty
  std::string destination;  ///< "root@{node}", "core@{ip}", ...; empty: chosen as SshNodes says
  Millis connect_timeout{10000};
};

/// InternalIPs of a node, best first; may ask the API server.
using NodeAddresses = std::function<std::vector<std::string>(const std::string& node, const StopToken& stop)>;

namespace node {

struct SshHost {
  std::string destination;           ///< "worker-1", "root@198.18.0.11"
  std::vector<std::string> options;  ///< "-o", "HostName=198.18.0.11"
  /// What to ask for instead of OpenSSH's default order, when the configuration leaves that alone; else "".
  std::string ciphers;
  /// The same as a person would type it.
  std::string command(const SshOptions& ssh) const;
};

/// Error{usage} for a name that ssh would take for an option or that is no host name at all.
void check_host_word(const std::string& word);
/// What `ssh -G` printed for `key` ("hostname"), or "".
std::string config_value(const std::string& dump, const std::string& key);
/// The same names, AES-GCM first: it costs half the CPU time of OpenSSH's first choice, and every byte is ciphered four
/// times.
std::string fast_ciphers_first(const std::string& ciphers);
/// Blocks for `ssh -G` and the resolver, both as cancellable child processes.
SshHost choose_host(const SshOptions& ssh, const NodeAddresses& addresses, const std::string& node,
                    const StopToken& stop);

}  // namespace node
}  // namespace ms2m
