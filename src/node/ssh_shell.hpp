// NodeShell by the OpenSSH client, with the user's own configuration, keys and agent.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/node.hpp"
#include "node/control_dir.hpp"
#include "node/ssh_host.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {

/// One connection (ControlMaster) per node, made by the first call; each command is a session in it (10-20 ms).
/// The connection ends with this object and with the process, also after SIGKILL: it lives as long as a pipe of ours.
/// Commands on a node end when the call is stopped, ms2m dies or the network breaks: a supervisor there sees its stdin
/// end.
///
/// Host: SshOptions::destination, else the node's name if the user's ssh configuration gives it an address or a proxy
/// or if it resolves, else the same name with the node's InternalIP as HostName. A login that is not root needs `sudo
/// -n`; open() finds out and says so. Thread-safe.
class SshShell : public NodeShell {
 public:
  explicit SshShell(SshOptions options, NodeAddresses addresses = {});
  ~SshShell() override;

  /// A command that a signal ended is read from the shell's 128 + n, so an exit status above 128 counts as a signal.
  CommandResult run(const std::string& node, const std::vector<std::string>& argv, const std::string& input,
                    const StopToken& stop) override;
  void open(const std::string& node, const StopToken& stop) override;
  std::string describe(const std::string& node) const override;

  /// For streams: the local process that runs `script` as root on the node with args as $1...; its `input` comes first
  /// on stdin and is not part of the script's stdin. Opens the connection when needed.
  posix::RunSpec stream(const std::string& node, const std::string& script, const std::vector<std::string>& args,
                        const StopToken& stop);
  /// The Error when a process of stream() or run() ended by ssh's own failure (exit 255), else nullopt.
  std::optional<Error> ssh_failure(const std::string& node, const posix::RunResult& result);

 private:
  struct Connection;
  std::shared_ptr<Connection> connection(const std::string& node);
  std::shared_ptr<Connection> opened(const std::string& node, const StopToken& stop);
  void connect(Connection& connection, const StopToken& stop);
  std::vector<std::string> master_argv(const Connection& connection) const;

  const SshOptions options_;
  const NodeAddresses addresses_;
  const node::ControlDir control_;
  mutable std::mutex mutex_;  ///< guards the map only; never held while blocking
  std::map<std::string, std::shared_ptr<Connection>> connections_;
};

}  // namespace ms2m
