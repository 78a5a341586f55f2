#include "node/handler/let_go.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace ms2m::node {

void let_go_of_all_but(std::vector<int> kept) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < 3) continue;
    const auto stays = static_cast<unsigned>(fd);
    if (stays > from) ::syscall(SYS_close_range, from, stays - 1, 0U);
    from = std::max(from, stays + 1);
  }
  ::syscall(SYS_close_range, from, ~0U, 0U);
}

}  // namespace ms2m::node
