#include "wrap/posix/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace ms2m::posix {

UniqueFd make_memory_file(const char* name, std::string_view bytes) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) throw_errno("making a file in memory");
  while (!bytes.empty()) {
    const auto written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) throw_errno("writing a file in memory");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string path_of(const UniqueFd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

}  // namespace ms2m::posix
