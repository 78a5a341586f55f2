#include "node/handler/root_paths.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostName = 255, kMostPath = 4096;

std::string joined(const std::vector<std::string>& steps, std::size_t count) {
  std::string path = ".";
  for (std::size_t i = 0; i < count; ++i) path += "/" + steps[i];
  return path;
}

posix::UniqueFd open_in_root(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  long fd = -1;
  do fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));  // EAGAIN: something was renamed meanwhile
  return posix::UniqueFd(static_cast<int>(fd));
}

}  // namespace

std::vector<std::string> steps_of(const std::string& path) {
  std::vector<std::string> steps;
  if (path.size() > kMostPath) throw Error(ErrorKind::refused, "a changed file has a name that is too long");
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const std::string step = path.substr(at, end - at);
    at = end + 1;
    if (step.empty() || step == ".") continue;
    if (step == ".." || step.size() > kMostName || step.find('\0') != std::string::npos)
      throw Error(ErrorKind::refused, "a changed file's name leads elsewhere: " + path);
    steps.push_back(step);
  }
  return steps;
}

posix::UniqueFd open_below(int root, const std::vector<std::string>& steps, bool make) {
  posix::UniqueFd at = open_in_root(root, joined(steps, steps.size()));
  if (at) return at;
  const auto failed = [&](std::size_t count) {
    return Error(errno == EXDEV || errno == ELOOP ? ErrorKind::refused : ErrorKind::failed,
                 "changed file " + joined(steps, count) + ": " + std::generic_category().message(errno));
  };
  if (errno != ENOENT && !(errno == ENOTDIR && !make)) throw failed(steps.size());
  if (!make) return {};
  at = open_in_root(root, ".");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!at) throw failed(i);
    const bool made = ::mkdirat(at.get(), steps[i].c_str(), 0755) == 0;
    if (!made && errno != EEXIST) throw failed(i + 1);
    at = open_in_root(root, joined(steps, i + 1));
    if (!at && !made && errno == ENOENT)
      throw Error(ErrorKind::refused, "changed file " + joined(steps, i + 1) + " is a link to nothing");
  }
  if (!at) throw failed(steps.size());
  return at;
}

}  // namespace ms2m::node
