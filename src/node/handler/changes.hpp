// The changes that a container made to its root file system, put over that of its copy. Hostile input: whoever ran in
// the container wrote names and contents, and root unpacks them.
#pragma once
#include <string>

#include "node/tar/reader.hpp"

namespace ms2m::node {

/// Nothing outside of `root` (a directory's descriptor) is read or changed, whatever names and links say: every path is
/// resolved with it as "/" (openat2: RESOLVE_IN_ROOT, no magic links, no other mounts), and what a name leads to at its
/// end is replaced, never followed. Understood are white-outs (".wh.NAME", overlay's device 0:0), opaque directories
/// (".wh..wh..opq", trusted.overlay.opaque); of extended attributes user.*, security.capability and POSIX ACLs are set.
/// Error{refused} for devices, for ".." in a name and for what TarReader refuses; Error{failed}. What was unpacked
/// until then stays.
void apply_changes(int root, ReadBytes archive);

/// CRI-O's deleted.files: a JSON list of paths, of which each is removed. Error{refused} when it is something else.
void apply_deletions(int root, const std::string& json);

}  // namespace ms2m::node
