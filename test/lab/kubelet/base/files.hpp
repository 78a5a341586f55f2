#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kubelet {

namespace fs = std::filesystem;

// All of these throw std::runtime_error with path and reason, apart from those that return an optional or say
// otherwise.
std::optional<std::string> read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view content, mode_t mode = 0644);
bool try_write(const fs::path& path, std::string_view content);  // for cgroup and proc files
void make_dirs(const fs::path& path, mode_t mode = 0755);
void remove_tree(const fs::path& path) noexcept;

std::string base64(std::string_view bytes);
std::string random_hex(std::size_t digits);
std::vector<std::string> split(std::string_view text, char separator);  // empty parts are dropped
std::string trimmed(std::string_view text);

// Where a path inside a root file system really is: symbolic links are followed as the container would see them.
std::string resolve_in_root(const fs::path& root, const std::string& path);

void mount_tmpfs(const fs::path& target, const std::string& options);
void mount_overlay(const std::string& lower, const fs::path& upper, const fs::path& work, const fs::path& target);
void bind_mount(const fs::path& source, const fs::path& target);
void unmount(const fs::path& target) noexcept;
// Unmounts everything at or below a path, the deepest first.
void unmount_below(const fs::path& top) noexcept;

}  // namespace kubelet
