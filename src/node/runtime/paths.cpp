#include "node/runtime/paths.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <memory>
#include <sstream>
#include <system_error>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

constexpr int kMostLinks = 16;

bool absent(int error) { return error == ENOENT || error == ENOTDIR; }

Error failed(const std::string& name) {
  return Error(ErrorKind::failed, name + ": " + std::generic_category().message(errno));
}

void prepend(std::deque<std::string>& steps, const std::string& path) {
  std::vector<std::string> front;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at) front.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  steps.insert(steps.begin(), front.begin(), front.end());
}

std::string link_target(int link) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlinkat(link, "", target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

UniqueFd reopened(int directory) {
  UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && !absent(errno)) throw failed("opening a directory");
  return fd;
}

}  // namespace

UniqueFd open_directory(const std::string& path) {
  std::deque<std::string> steps;
  prepend(steps, path);
  UniqueFd at(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int links = 0; at && !steps.empty();) {
    const std::string step = steps.front();
    steps.pop_front();
    UniqueFd next(::openat(at.get(), step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct ::stat is {};
    if (!next && absent(errno)) return {};
    if (!next || ::fstat(next.get(), &is) != 0) throw failed(path);
    if (S_ISLNK(is.st_mode)) {
      if ((is.st_uid != 0 && is.st_uid != ::geteuid()) || ++links > kMostLinks)
        throw Error(ErrorKind::refused, path + " leads over a link that another user made");
      const std::string target = link_target(next.get());
      if (target.starts_with('/')) at.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      prepend(steps, target);
      continue;
    }
    if (!S_ISDIR(is.st_mode)) return {};
    at = std::move(next);
  }
  return at ? reopened(at.get()) : UniqueFd{};
}

UniqueFd open_directory_in(int directory, const std::string& name) {
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd || errno == ENOENT) return fd;
  // O_DIRECTORY and O_NOFOLLOW together say ENOTDIR of a link.
  if (errno == ELOOP || errno == ENOTDIR) throw Error(ErrorKind::refused, name + " is not a directory");
  throw failed(name);
}

UniqueFd make_directory_in(int directory, const std::string& name, bool& made) {
  made = ::mkdirat(directory, name.c_str(), 0700) == 0;
  if (!made && errno == ENOENT) return {};
  if (!made && errno != EEXIST) throw failed(name);
  UniqueFd fd = open_directory_in(directory, name);
  if (fd && !made && ::fchmod(fd.get(), 0700) != 0) throw failed(name);
  return fd;
}

UniqueFd open_file_in(int directory, const std::string& name) {
  // O_NONBLOCK: a FIFO must not hold us up before we know that it is one.
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    if (absent(errno) || errno == ELOOP || errno == ENXIO) return {};
    throw failed(name);
  }
  struct ::stat is {};
  if (::fstat(fd.get(), &is) != 0) throw failed(name);
  return S_ISREG(is.st_mode) ? std::move(fd) : UniqueFd{};
}

std::optional<struct ::stat> look_in(int directory, const std::string& name) {
  struct ::stat is {};
  if (::fstatat(directory, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0) return is;
  if (absent(errno)) return std::nullopt;
  throw failed(name);
}

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(own < 0 ? nullptr : ::fdopendir(own), ::closedir);
  if (!entries) throw failed("reading a directory");
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

bool remove_in(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0) return true;
  if (absent(errno)) return false;
  throw failed(name);
}

bool remove_tree_in(int directory, const std::string& name) {
  const auto is = look_in(directory, name);
  if (!is) return false;
  if (!S_ISDIR(is->st_mode)) return remove_in(directory, name);
  if (const UniqueFd inner = open_directory_in(directory, name))
    for (const std::string& each : names_in(inner.get())) remove_tree_in(inner.get(), each);
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) throw failed(name);
  return true;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::optional<std::string> read_text(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string text;
  char chunk[16384];
  while (text.size() < limit) {
    const auto got = ::read(fd.get(), chunk, std::min(sizeof chunk, limit - text.size()));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    text.append(chunk, static_cast<std::size_t>(got));
  }
  return text;
}

std::optional<std::uint64_t> start_ticks(const std::string& process) {
  const std::string stat = read_text(process + "/stat").value_or("");
  const auto name = stat.rfind(')');  // which may have any character in it
  if (name == std::string::npos) return std::nullopt;
  std::istringstream words(stat.substr(name + 1));
  std::string state, skipped;
  words >> state;
  for (int field = 4; field < 22; ++field) words >> skipped;
  std::uint64_t ticks = 0;
  if (!(words >> ticks) || state == "Z" || state == "X") return std::nullopt;
  return ticks;
}

std::string read_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

}  // namespace ms2m::node
