#include "node/program/build_id.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <vector>

#include "wrap/posix/sha256.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

std::string digest_of_self() {
  const posix::UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return "unknown";
  posix::Sha256 digest;
  std::vector<char> chunk(256 << 10);
  for (;;) {
    const auto got = ::read(self.get(), chunk.data(), chunk.size());
    if (got < 0) return "unknown";
    if (got == 0) return digest.hex().substr(0, 16);
    digest.update(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Greeting own_greeting() {
  utsname machine{};
  ::uname(&machine);
  return {kProtocolVersion, digest_of_self(), machine.machine, ::geteuid()};
}

}  // namespace ms2m::node
