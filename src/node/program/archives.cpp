#include "node/program/archives.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>

#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"
#include "node/program/attended.hpp"
#include "node/program/sending.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr Millis kBetweenLooks{200};
constexpr int kLooksWithoutLease = 10;

/// Whether somebody has it open for writing: nobody gets a read lease then (fcntl(2), F_SETLEASE). nullopt: the file
/// system has no leases.
std::optional<bool> being_written(int file) {
  if (::fcntl(file, F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN ? std::optional(true) : std::nullopt;
}

/// Sleeps until something happens to the file or in the directory, at most until the next look.
class Events {
 public:
  explicit Events(int watched) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    const std::string path = "/proc/self/fd/" + std::to_string(watched);
    if (fd_) ::inotify_add_watch(fd_.get(), path.c_str(), kWhat);
  }
  void wait(const StopToken& stop, const std::string& doing, Millis longest = kBetweenLooks) {
    std::array<pollfd, 2> fds{pollfd{fd_.get(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(longest).count()));
    std::array<char, 4096> drained;
    while (fd_ && ::read(fd_.get(), drained.data(), drained.size()) > 0) continue;
    stop.check(doing);
  }

 private:
  static constexpr std::uint32_t kWhat =
      IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_CREATE | IN_MOVED_TO;
  posix::UniqueFd fd_;
};

struct Opened {
  posix::UniqueFd directory, file;
  std::string name;
};

Opened open_archive(const std::string& path) {
  check_archive_path(path);
  Opened opened;
  const auto [directory, name] = split_path(path);
  opened.name = name;
  opened.directory = open_directory(directory);
  if (opened.directory) opened.file = open_file_in(opened.directory.get(), name);
  return opened;
}

ArchiveList archives_in(const posix::UniqueFd& directory, const ArchivesOf& of) {
  if (!directory) return {};
  using Order = std::tuple<std::int64_t, std::int64_t, std::string>;
  std::vector<std::pair<Order, Bytes>> found;
  for (const std::string& name : names_in(directory.get())) {
    if (!is_archive_of(name, of.ns, of.pod, of.container)) continue;
    const auto is = look_in(directory.get(), name);
    if (!is || !S_ISREG(is->st_mode)) continue;
    found.push_back({{is->st_mtim.tv_sec, is->st_mtim.tv_nsec, of.directory + "/" + name},
                     Bytes{static_cast<std::uint64_t>(is->st_size)}});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  ArchiveList list;
  for (const auto& [order, bytes] : found) list.files.push_back({std::get<2>(order), bytes});
  return list;
}

bool is_among(const std::vector<std::string>& known, const ArchiveFile& file) {
  return std::find(known.begin(), known.end(), file.path) != known.end();
}

Millis wait_of(std::optional<std::uint64_t> ms) {
  constexpr std::uint64_t kDay = 24 * 3600 * 1000;
  return Millis(static_cast<std::int64_t>(std::min(ms.value_or(kDay), kDay)));
}

}  // namespace

ArchiveList list_archives(const ListArchives& request, const StopToken& stop) {
  check_archive_directory(request.of.directory);
  const std::string id = request.container_id.empty() ? "" : check_container_id(request.container_id);
  TimePoint until = Clock::now() + wait_of(request.wait_ms);
  for (;;) {
    const posix::UniqueFd directory = open_directory(request.of.directory);
    Events events(directory.get());  // before the look: what comes after it is seen
    const ArchiveList now = archives_in(directory, request.of);
    const bool news = std::any_of(now.files.begin(), now.files.end(),
                                  [&](const ArchiveFile& file) { return !is_among(request.known, file); });
    if (!news && !id.empty() && is_worked_at(id)) until = Clock::now() + wait_of(request.wait_ms);
    const auto left = std::chrono::ceil<Millis>(until - Clock::now());
    if (news || left.count() <= 0) return now;
    events.wait(stop, "waiting for a new archive in " + request.of.directory, std::min(left, kBetweenLooks));
  }
}

Nothing wait_archive(const WaitArchive& request, const StopToken& stop) {
  const StopToken limited = request.limit_ms ? stop.within(wait_of(request.limit_ms)) : stop;
  const std::string doing = "waiting until " + request.path + " is complete";
  const Error gone(ErrorKind::not_found, "no archive " + request.path);
  const Opened archive = open_archive(request.path);
  if (!archive.file) throw gone;
  Events events(archive.file.get());
  off_t last = -1;
  for (int same = 0;;) {
    const auto is = look_in(archive.directory.get(), archive.name);
    if (!is) throw gone;
    const auto written = being_written(archive.file.get());
    same = is->st_size == last && written != true ? same + 1 : 0;
    if (same >= (written ? 1 : kLooksWithoutLease)) return {};
    last = is->st_size;
    events.wait(limited, doing);
  }
}

Found remove_archive(const RemoveArchive& request) {
  check_archive_path(request.path);
  const auto [directory, name] = split_path(request.path);
  const posix::UniqueFd opened = open_directory(directory);
  return {opened && remove_in(opened.get(), name)};
}

StreamEnd read_archive(const ReadArchive& request, KeptMemory& kept, Channel& channel) {
  const Opened archive = open_archive(request.path);
  struct ::stat is {};
  if (!archive.file || ::fstat(archive.file.get(), &is) != 0)
    throw Error(ErrorKind::failed, request.path + ": no such file");
  ::posix_fadvise(archive.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  const Increment::Archive again = [&]() -> ReadBytes {
    return [&, at = off_t{0}](char* into, std::size_t size) mutable {
      ssize_t got = -1;
      do got = ::pread(archive.file.get(), into, size, at);
      while (got < 0 && errno == EINTR);
      if (got < 0) posix::throw_errno("reading " + request.path);
      at += got;
      return static_cast<std::size_t>(got);
    };
  };
  if (request.round != Round::none) {
    check_restore_id(request.id);
    return send_round(again, request.round, request.id, kept, channel);
  }
  return send_whole(again(), Bytes{static_cast<std::uint64_t>(is.st_size)}, request.path, channel);
}

}  // namespace ms2m::node
