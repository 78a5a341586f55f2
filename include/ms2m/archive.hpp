// Where a kubelet puts its checkpoint archives, and how it names them. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace ms2m {

/// A kubelet's directory unless its --root-dir names another one.
inline constexpr const char* kKubeletRoot = "/var/lib/kubelet";

/// <root>/checkpoints
std::string checkpoint_directory(const std::string& kubelet_root);

/// "checkpoint-<pod>_<ns>-<container>-<RFC 3339 time>.tar" of any pod.
bool is_archive_name(const std::string& file);
/// The same of this container: the time tells it from that of a container "<container>-x".
bool is_archive_of(const std::string& file, const std::string& ns, const std::string& pod,
                   const std::string& container);
/// Absolute, without "." and ".." and nothing unprintable in it, and a file of such a name directly in a directory
/// `checkpoints`: what root on a node may read or remove. A kubelet's root directory can be anywhere.
bool is_archive_path(const std::string& path);
bool is_archive_path_of(const std::string& path, const std::string& ns, const std::string& pod,
                        const std::string& container);
/// Seconds since 1970 at which the kubelet was asked for it, by the node's clock; the name has no fractions.
std::optional<std::int64_t> archive_time(const std::string& path);

}  // namespace ms2m
