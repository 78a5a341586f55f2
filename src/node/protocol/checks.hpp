// What names and paths in requests may be. Both sides ask: ms2m before it sends, the program because it is root.
#pragma once
#include <string>

namespace ms2m::node {

/// Beside layouts and restores, whose name it can be none of.
inline constexpr const char* kDumps = "dumps";

/// 64 lower-case hex digits.
bool is_sha256(const std::string& text);
/// Error{refused} unless it is <root>/<one plain name other than kDumps>. Returns that name.
std::string check_layout_directory(const std::string& directory, const std::string& root);
/// Error{usage} unless it can be an image's name: no option, no blank, no shell's or transport's special character.
void check_image_name(const std::string& name);
/// "@<id>" for an image's ID (with or without "sha256:"), else the checked name. Error{usage}.
std::string image_reference(const std::string& name_or_id);
/// Without "sha256:". Error{usage} unless it is an image's ID.
std::string check_image_id(const std::string& id);
/// archive.hpp's is_archive_path(). Error{refused}.
void check_archive_path(const std::string& path);
/// A directory in which such archives can be. Error{refused}.
void check_archive_directory(const std::string& directory);
/// bare_container_id(). Error{usage} instead of an empty one.
std::string check_container_id(const std::string& container);
/// A Kubernetes name (pod, namespace, container, volume, UID): lower-case letters, digits, '-' and '.', begins and ends
/// with neither, at most 253. Error{usage}.
void check_object_name(const std::string& name);
/// A restore's or a dump's ID: lower-case letters, digits and '-', begins with none of the last, at most 63, and not
/// kDumps. Error{usage}.
void check_restore_id(const std::string& id);
/// A kubelet's directory: absolute, without "." and "..". Error{refused}.
void check_kubelet_root(const std::string& root);

}  // namespace ms2m::node
