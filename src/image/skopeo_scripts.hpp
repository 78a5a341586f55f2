// The sh scripts of SkopeoStore. $1... are its arguments, never part of the text.
#pragma once
#include <string>

namespace ms2m {

inline constexpr const char* kFoundSeparator = "--ms2m--";

// Exit 3: not there.
inline constexpr const char* kProbeScript = R"sh(command -v skopeo >/dev/null || exit 3
skopeo --version)sh";

// directory name config-digest config manifest-digest manifest index marker layout-root
// --insecure-policy: the image is our own, made a moment ago; a policy.json of the node can only refuse it or be
// missing. TMPDIR: skopeo's copy of the layer goes where there was room for it, and is removed with the layout after a
// crash.
inline constexpr const char* kImportScript = R"sh(umask 077
cd -- "$1" || exit 1
{ printf %s "$4" >"blobs/sha256/$3" && printf %s "$6" >"blobs/sha256/$5" &&
  printf %s "$7" >index.json && printf %s "$8" >oci-layout; } || exit 1
TMPDIR=$1 skopeo copy -q --insecure-policy --digestfile digest "oci:$1" "containers-storage:$2" || exit 1
[ "$(cat digest)" = "sha256:$5" ] || { echo "skopeo changed the image's manifest" >&2; exit 1; }
cd / && rm -rf -- "$1" || exit 1
rmdir -- "$9" 2>/dev/null || :)sh";

// Exit 3: the store is not where it should be. For each checkpoint image "checkpoint <id>", then the separator, then
// containers-storage's own list.
inline constexpr const char* kListScript = R"sh(root=
for f in /usr/share/containers/storage.conf /etc/containers/storage.conf "$CONTAINERS_STORAGE_CONF"; do
  [ ! -r "$f" ] || root=$(sed -n 's/^[[:space:]]*graphroot[[:space:]]*=[[:space:]]*"\(.*\)".*/\1/p' "$f")
done
cd -- "${root:-/var/lib/containers/storage}/overlay-images" 2>/dev/null && [ -r images.json ] || exit 3
grep -ls -e "$1" -e "$2" -- */manifest | sed 's|^\([0-9a-f]*\)/.*|checkpoint \1|'
echo --ms2m--
cat images.json)sh";

std::string
find_script();  ///< name or @id; prints manifest, separator, podman's ID and names, separator, configuration
std::string point_script();         ///< name id
std::string remove_name_script();   ///< name config-digest config manifest-digest manifest index marker annotation
std::string remove_image_script();  ///< id

}  // namespace ms2m
