// Private directories, and a file whose appended lines survive a crash.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// A new directory of mode 0700 below `parent` (default: $TMPDIR or /tmp), removed with its contents by the destructor.
class TempDir {
 public:
  /// Error{failed} when it cannot be made.
  explicit TempDir(const std::string& prefix = "ms2m-", const std::filesystem::path& parent = {});
  ~TempDir();
  TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// Makes the directory and what is missing above it, all with mode 0700, and syncs the parents. Nothing to do when
/// there.
void make_private_directories(const std::filesystem::path& path);

/// An append-only file, mode 0600. append() returns when the bytes are on the disk. Not thread-safe.
class AppendFile {
 public:
  /// Creates it when missing (and syncs its directory, so that the name survives a crash). Error{failed}.
  explicit AppendFile(const std::filesystem::path& path);
  /// One write and one fdatasync. A partial line can only be left by a crash; readers skip an unterminated last line.
  void append(std::string_view bytes);

 private:
  UniqueFd fd_;
  std::string path_;
};

/// Writes a new file beside `path`, syncs it, renames it over `path` and syncs the directory. Mode 0600.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
/// Whole contents. Error{not_found|failed}.
std::string read_file(const std::filesystem::path& path);

}  // namespace ms2m::posix
