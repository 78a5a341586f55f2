// Private directories, and a file whose appended lines survive a crash.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
/// there. Others may remove those above meanwhile, as long as they are empty: they are made anew.
void make_private_directories(const std::filesystem::path& path);

/// An append-only file, mode 0600, of one writer. append() returns when the bytes are on the disk. Not thread-safe.
class AppendFile {
 public:
  enum class Missing { create, fail };
  /// Missing::create syncs the directory too, so that the name survives a crash. Error{failed}; Error{not_found} when
  /// there is no such file and it is not to be made.
  explicit AppendFile(const std::filesystem::path& path, Missing missing = Missing::create);
  /// False: another open file has the lock, in this process or another one. The kernel drops it with the last
  /// descriptor of this one. Error{failed}: the file system has no locks.
  bool try_lock();
  /// Whether somebody has that file's lock; nobody who wants it is kept from it for longer than this takes.
  /// Error{failed}; Error{not_found}: there is no such file.
  static bool locked(const std::filesystem::path& path);
  enum class Sync { yes, no };
  /// All of the bytes and one fdatasync, of what was appended before without one too, or Error{failed}, with the file
  /// as it was before. Only a crash can leave a part of them; readers skip an unterminated last line.
  void append(std::string_view bytes, Sync sync = Sync::yes);
  /// Drops what lies behind the first `size` bytes.
  void truncate(std::uintmax_t size);

 private:
  UniqueFd fd_;
  std::string path_;
};

/// Syncs a directory, so that the names in it survive a crash.
void sync_directory(const std::filesystem::path& directory);
/// How write_file_atomically() makes the new file.
struct NewFile {
  mode_t mode = 0600;
  std::optional<std::pair<uid_t, gid_t>> owner{};  ///< nullopt: this process'
  std::string suffix = ".new";                     ///< of its name until it has its own
};
/// Writes a new file beside `path`, syncs it, renames it over `path` and syncs the directory. Fails: `path` is as it
/// was, and the new file is gone.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, const NewFile& as = {});
/// Whole contents. Error{not_found|failed}.
std::string read_file(const std::filesystem::path& path);

}  // namespace ms2m::posix
