// ArchiveMover over ssh, relayed through this process: cat on the source | hash and count here | file on the target.
#pragma once
#include "ms2m/node.hpp"
#include "node/ssh_shell.hpp"

namespace ms2m {

/// One session on each side does everything: size, stream, check of the size that arrived, rename to the digest. The
/// target's disk must have room for the archive, else it says so before the first byte.
/// Errors: {failed}, or ssh's own kind (unavailable, forbidden) when a connection failed; the message names the side.
class SshRelay : public ArchiveMover {
 public:
  /// `shell` must outlive it. Thread-safe.
  explicit SshRelay(SshShell& shell) : shell_(shell) {}
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override;

 private:
  SshShell& shell_;
};

}  // namespace ms2m
