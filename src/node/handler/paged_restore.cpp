#include "node/handler/paged_restore.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "node/handler/copy_process.hpp"
#include "node/runtime/criu_settings.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

/// The copy, which stands still as long as this lives: each page that it touched before it is there would be one that
/// CRIU asks for alone, and waits for. Its control group is one of version 2; or it runs, and all takes longer.
class StandingCopy {
 public:
  explicit StandingCopy(const std::string& pid_file) {
    first_ = first_of_copy(pid_file);
    const std::string group = first_ > 1 ? group_of(std::to_string(first_)) : "";
    if (group.empty()) return;
    file_ = open_in_group(group, "cgroup.freeze");
    freeze('1');
  }
  ~StandingCopy() { freeze('0'); }
  StandingCopy(const StandingCopy&) = delete;
  StandingCopy& operator=(const StandingCopy&) = delete;

  void kill() const noexcept {
    if (first_ > 1) ::kill(first_, SIGKILL);
  }

 private:
  void freeze(char how) const noexcept {
    if (file_) [[maybe_unused]]
      const auto wrote = ::write(file_.get(), &how, 1);
  }
  pid_t first_ = -1;
  posix::UniqueFd file_;
};

int restore(const PagedRestore& what) {
  put_in_place_of(what.criu_file, what.own_file);
  PageDaemon daemon(what, PageDaemon::Has::inherited);
  if (!daemon.listens()) return kPagesMissing;
  if (const int code = daemon.run_runtime(what.runtime); code != 0) return code;
  const StandingCopy copy(what.pid_file);
  const auto shared = daemon.share_faults();
  if (daemon.await_end().ok()) return 0;
  copy.kill();
  return kPagesMissing;
}

}  // namespace

int restore_with_pages(const PagedRestore& what) noexcept {
  try {
    return restore(what);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ms2m-runtime: %s\n", error.what());
    return kPagesMissing;
  }
}

}  // namespace ms2m::node
