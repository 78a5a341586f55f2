#include "node/program/container_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "node/runtime/paths.hpp"
#include "node/program/processes.hpp"

namespace ms2m::node {
namespace {

constexpr std::string_view kDeleted = " (deleted)", kSocket = "socket:[", kAnonymous = "anon_inode:";

/// What lies in memory alone is not carried as a file.
bool in_memory(const std::string& path) {
  for (const char* memory : {"/memfd:", "/SYSV", "/dev/zero", "/[aio]", "/anon_hugepage"})
    if (path.starts_with(memory)) return true;
  return false;
}

/// Older versions of CRIU compare its size with their limit, newer ones what it takes on the disk.
void read_deleted(const std::string& process, const OpenFile& file, NodeLook& look) {
  const std::string path = file.target.substr(0, file.target.size() - kDeleted.size());
  struct ::stat is {};
  if (in_memory(path) || ::stat((process + "/fd/" + file.number).c_str(), &is) != 0 || !S_ISREG(is.st_mode)) return;
  Bytes& most = look.deleted_files[path];
  most = std::max(
      most, Bytes{std::max(static_cast<std::uint64_t>(is.st_size), static_cast<std::uint64_t>(is.st_blocks) * 512)});
}

/// Handles of overlayfs cannot be opened again where the copy is.
void read_watches(const std::string& process, const OpenFile& file, NodeLook& look) {
  constexpr const char* kOverlay = "f8";  // FILEID of overlayfs
  const auto info = read_text(process + "/fdinfo/" + file.number);
  if (!info) {
    look.watches_overlay = true;
    return;
  }
  std::istringstream words(*info);
  for (std::string word; words >> word;) look.watches_overlay |= word == std::string("fhandle-type:") + kOverlay;
}

/// "anon_inode:[io_uring]", "anon_inode:inotify"
std::string anonymous(const std::string& target) {
  std::string name = target.substr(kAnonymous.size());
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

void read_memory(const std::string& process, NodeLook& look) {
  std::istringstream lines(read_text(process + "/status").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const bool shared = line.starts_with("RssShmem:");
    if (!shared && !line.starts_with("RssAnon:")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::uint64_t kib = 0;
    if (!(words >> kib)) continue;
    look.memory.count += kib << 10;
    if (shared) look.shared_memory.count += kib << 10;
  }
}

}  // namespace

void ContainerFiles::read(const std::string& process, NodeLook& look) {
  for (const OpenFile& file : open_files(process)) {
    const std::string& target = file.target;
    if (target.starts_with(kSocket)) {
      sockets_.insert(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
    } else if (target.starts_with(kAnonymous)) {
      look.anonymous_files.insert(anonymous(target));
      if (target == "anon_inode:inotify") read_watches(process, file, look);
    } else if (target.ends_with(kDeleted)) {
      read_deleted(process, file, look);
    } else if (target.front() == '/' && !target.starts_with("/dev/pts/") && target != "/dev/null") {
      look.open_files.insert(target);
    }
  }
  read_memory(process, look);
}

}  // namespace ms2m::node
