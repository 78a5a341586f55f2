// An sshd of the test's own: own host key, own user key, no port. Each connection starts `sshd -i` as ssh's
// ProxyCommand.
#pragma once
#include <string>
#include <vector>

#include "node/session/ssh_host.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

/// Hosts in its ssh configuration: worker-1 and worker-2 (this machine, as the user who runs the test), changed-key,
/// unknown-key, no-access, refused (nothing listens there). Fails the test when there is no sshd.
class PrivateSshd {
 public:
  /// `environment`: set in every session ("NAME=value").
  explicit PrivateSshd(const std::vector<std::string>& environment = {});

  const std::filesystem::path& path() const { return dir_.path(); }
  SshOptions options() const;
  /// Process numbers of the sshd processes of this instance's connections.
  std::vector<int> sessions() const;

 private:
  posix::TempDir dir_;
};

/// The whole argv of each process that has `word` in one of its arguments, by process number.
std::vector<int> processes_with(const std::string& word);
/// Waits until `condition` holds; false after 10 s. For effects that other processes have in their own time.
bool eventually(const std::function<bool()>& condition);

}  // namespace ms2m::test
