// The changes of a container's root file system as an OCI layer, as the runtime handler puts them over that of a copy.
#pragma once
#include "ms2m/stop.hpp"
#include "node/dump/root_overlay.hpp"

namespace ms2m::node {

/// Writes the archive into `file`. Removed files are white-outs (".wh.NAME"; of a name too long for that, overlay's
/// device 0:0), directories that hide what was below them have ".wh..wh..opq" (OCI image-spec, layer.md). Owner, mode,
/// time, hard links, contents, user.*, capabilities and ACLs are kept. Left out: what is mounted in it, with what is
/// hidden below, as the copy has that from its own pod; sockets, which whoever listens makes anew.
///
/// The container stands still meanwhile: CRIU restores a file only if it has the size that it had at the dump.
/// Error{refused}: there are changes that an archive cannot say (a renamed directory of the image with redirect_dir, a
/// file called ".wh.*", attributes as in tar/writer.hpp). Error{failed}, also for a full disk. Throws Cancelled.
void write_changed_files(const RootOverlay& overlay, int file, const StopToken& stop);

}  // namespace ms2m::node
