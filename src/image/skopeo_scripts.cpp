#include "image/skopeo_scripts.hpp"

namespace ms2m {
namespace {

// look REF: the manifest in $m; ends the script with 3 when there is no such image. Texts of skopeo 1.9 to 1.20.
constexpr const char* kLook = R"sh(look() {
  m=$(skopeo inspect --raw "containers-storage:$1" 2>&1) && return
  case $m in
    *'does not resolve to an image ID'*|*'image not known'*|*'identifier is not an image'*) exit 3;;
  esac
  printf '%s\n' "$m" >&2
  exit 1
}
)sh";

constexpr const char* kFind = R"sh(look "$1"
printf '%s\n--ms2m--\n' "$m"
if command -v podman >/dev/null; then
  podman image inspect --format '{{.Id}}{{range .RepoTags}}{{"\n"}}{{.}}{{end}}' -- "${1#@}" 2>/dev/null || :
fi
printf '\n--ms2m--\n'
skopeo inspect --config --raw "containers-storage:$1" 2>/dev/null || :)sh";

// Afterwards the name must lead to the same config as the ID does, whoever changed it.
constexpr const char* kPoint = R"sh(look "@$2"
want=$m
{ command -v podman >/dev/null && podman tag -- "$2" "$1" >/dev/null 2>&1; } ||
  { command -v buildah >/dev/null && buildah tag -- "$2" "$1" >/dev/null 2>&1; } ||
  skopeo copy -q --insecure-policy "containers-storage:@$2" "containers-storage:$1" || exit 1
look "$1"
config() { printf %s "$1" | tr -d ' \n\t' | sed -n 's/.*"config":{[^}]*"digest":"\([^"]*\)".*/\1/p'; }
[ "$(config "$m")" = "$(config "$want")" ] || { echo "$1 has another image afterwards" >&2; exit 1; })sh";

constexpr const char* kRemoveName = R"sh(look "$1"
if command -v podman >/dev/null; then
  id=$(podman image inspect --format '{{.Id}}' -- "$1" 2>/dev/null) &&
  podman untag -- "$1" "$1" >/dev/null 2>&1 && {
    [ "$(podman image inspect --format '{{len .RepoTags}}' -- "$id" 2>/dev/null)" != 0 ] || podman rmi -- "$id" >/dev/null 2>&1
    exit 0
  }
fi
case $m in *"$8"*) ! skopeo delete "containers-storage:$1" 2>/dev/null || exit 0;; esac
umask 077
d=$(mktemp -d) && trap 'rm -rf -- "$d"' EXIT && cd -- "$d" && mkdir -p blobs/sha256 || exit 1
{ printf %s "$3" >"blobs/sha256/$2" && printf %s "$5" >"blobs/sha256/$4" &&
  printf %s "$6" >index.json && printf %s "$7" >oci-layout; } || exit 1
skopeo copy -q --insecure-policy "oci:$d" "containers-storage:$1" && skopeo delete "containers-storage:$1")sh";

constexpr const char* kRemoveImage = R"sh(look "@$1"
skopeo delete "containers-storage:@$1")sh";

}  // namespace

std::string find_script() { return std::string(kLook) + kFind; }
std::string point_script() { return std::string(kLook) + kPoint; }
std::string remove_name_script() { return std::string(kLook) + kRemoveName; }
std::string remove_image_script() { return std::string(kLook) + kRemoveImage; }

}  // namespace ms2m
