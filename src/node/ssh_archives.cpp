#include "node/ssh_archives.hpp"

#include <algorithm>
#include <sstream>

#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {
namespace {

// mtime, size, name: the name is last, as it alone could hold a space.
constexpr const char* kList = R"sh(cd -- "$1" 2>/dev/null || exit 0
for f in "$2"*.tar; do
  [ -f "$f" ] && [ ! -L "$f" ] && stat -c '%Y %s %n' -- "$f"
done
exit 0)sh";

// Complete: nobody has it open for writing, and its size is the same at two looks (at ten where find cannot tell).
constexpr const char* kWait = R"sh(f=$1; last=; same=0; need=1
find / -maxdepth 0 -lname x >/dev/null 2>&1 || need=9
while :; do
  n=$(stat -c %s -- "$f" 2>/dev/null) || exit 3
  w=
  [ $need = 9 ] || for fd in $(find /proc/[0-9]*/fd -maxdepth 1 -lname "$f" 2>/dev/null); do
    i=${fd%/fd/*}/fdinfo/${fd##*/}
    case "$(sed -n 's/^flags:.*\(.\)$/\1/p' "$i" 2>/dev/null)" in 1|2|5|6) w=1;; esac
  done
  if [ "$n" = "$last" ] && [ -z "$w" ]; then same=$((same+1)); else same=0; fi
  [ $same -lt $need ] || exit 0
  last=$n
  sleep 0.2
done)sh";

constexpr const char* kRemove = R"sh([ -e "$1" ] || [ -L "$1" ] || exit 3
rm -f -- "$1")sh";

constexpr int kNotThere = 3;

std::vector<std::string> script(const char* text, std::vector<std::string> args) {
  std::vector<std::string> argv{"sh", "-c", text, "sh"};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

Error failed(const std::string& doing, const CommandResult& result) {
  const auto said = posix::last_line(result.err);
  return Error(ErrorKind::failed,
               doing + ": " + (said.empty() ? "exit status " + std::to_string(result.exit_code) : said));
}

std::string prefix_of(const std::string& ns, const std::string& pod, const std::string& container) {
  return "checkpoint-" + pod + "_" + ns + "-" + container + "-";
}

void check_path(const std::string& path) {
  if (!is_archive_path(path))
    throw Error(ErrorKind::refused, "'" + path + "' is not a checkpoint archive in a directory checkpoints");
}

}  // namespace

std::vector<ArchiveFile> SshArchives::list(const std::string& node, const std::string& directory, const std::string& ns,
                                           const std::string& pod, const std::string& container,
                                           const StopToken& stop) {
  const auto result = shell_.run(node, script(kList, {directory, prefix_of(ns, pod, container)}), "", stop);
  if (!result.ok()) throw failed("listing " + directory + " on node " + node, result);
  struct Found {
    long long changed;
    ArchiveFile file;
  };
  std::vector<Found> found;
  std::istringstream lines(result.out);
  Found next;
  std::string name;
  while (lines >> next.changed >> next.file.bytes.count >> std::ws && std::getline(lines, name)) {
    if (!is_archive_of(name, ns, pod, container)) continue;
    next.file.path = directory + "/" + name;
    found.push_back(next);
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.changed != b.changed ? a.changed < b.changed : a.file.path < b.file.path;
  });
  std::vector<ArchiveFile> files;
  for (auto& entry : found) files.push_back(std::move(entry.file));
  return files;
}

void SshArchives::wait_complete(const std::string& node, const std::string& path, const StopToken& stop) {
  check_path(path);
  const auto result = shell_.run(node, script(kWait, {path}), "", stop);
  if (result.signal == 0 && result.exit_code == kNotThere)
    throw Error(ErrorKind::not_found, "no archive " + path + " on node " + node);
  if (!result.ok()) throw failed("watching " + path + " on node " + node, result);
}

bool SshArchives::remove(const std::string& node, const std::string& path, const StopToken& stop) {
  check_path(path);
  const auto result = shell_.run(node, script(kRemove, {path}), "", stop);
  if (result.signal == 0 && result.exit_code == kNotThere) return false;
  if (!result.ok()) throw failed("removing " + path + " on node " + node, result);
  return true;
}

}  // namespace ms2m
