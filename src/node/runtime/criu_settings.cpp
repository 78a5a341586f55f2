#include "node/runtime/criu_settings.hpp"

#include <sched.h>
#include <sys/mount.h>

#include "ms2m/error.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

std::string criu_settings_with(const std::string& file, const std::vector<std::string>& lines) {
  auto text = read_text(file);
  if (!text) throw Error(ErrorKind::refused, "there is no " + file + " on this node", "ms2m node setup NODE");
  if (!text->empty() && text->back() != '\n') *text += '\n';
  for (const std::string& each : lines) *text += each + "\n";
  return *text;
}

void put_in_place_of(const std::string& file, const std::string& own) {
  if (::unshare(CLONE_NEWNS) != 0) posix::throw_errno("a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) posix::throw_errno("a mount namespace");
  if (::mount(own.c_str(), file.c_str(), nullptr, MS_BIND, nullptr) != 0) posix::throw_errno(file);
}

}  // namespace ms2m::node
