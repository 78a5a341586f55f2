#include "wrap/posix/end_with_us.hpp"

#include <signal.h>

#include <array>
#include <cerrno>

namespace ms2m::posix {
namespace {

// For a signal handler, which gets nothing but a number. 0: free.
std::array<std::atomic<pid_t>, EndsWithUs::kMostGroups> groups{};
static_assert(std::atomic<pid_t>::is_always_lock_free);

}  // namespace

EndsWithUs::EndsWithUs(pid_t group) noexcept {
  for (auto& slot : groups)
    if (pid_t free = 0; slot.compare_exchange_strong(free, group)) {
      slot_ = &slot;
      return;
    }
}

EndsWithUs::~EndsWithUs() {
  if (slot_ != nullptr) slot_->store(0);
}

void end_groups() noexcept {
  const int saved = errno;
  for (const auto& slot : groups)
    if (const pid_t group = slot.load(); group > 0) ::kill(-group, SIGKILL);
  errno = saved;
}

}  // namespace ms2m::posix
