#include "wrap/posix/stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ms2m::posix {
namespace {

constexpr std::size_t kChunk = 64u << 10;

/// Bytes read, 0 when nothing is there now; closes fd at its end (a read error is one).
std::size_t read_chunk(UniqueFd& fd, char* buffer, std::size_t size) {
  for (;;) {
    const auto got = ::read(fd.get(), buffer, size);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || errno != EAGAIN) fd.reset();
    return 0;
  }
}

}  // namespace

bool write_some(const UniqueFd& fd, std::string_view data, std::size_t& sent) {
  while (sent < data.size()) {
    const auto wrote = ::write(fd.get(), data.data() + sent, data.size() - sent);
    if (wrote >= 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      if (errno == EAGAIN) return true;
      if (errno == EPIPE) return false;
      throw_errno("write to pipe");
    }
  }
  return true;
}

void read_into(UniqueFd& fd, std::string& into, std::size_t limit) {
  std::array<char, kChunk> chunk;
  while (fd && into.size() < limit) {
    const auto got = read_chunk(fd, chunk.data(), std::min(chunk.size(), limit - into.size()));
    if (got == 0) return;
    into.append(chunk.data(), got);
  }
}

void read_tail(UniqueFd& fd, std::string& tail, std::size_t limit) {
  std::array<char, kChunk> chunk;
  while (fd) {
    const auto got = read_chunk(fd, chunk.data(), chunk.size());
    if (got == 0) return;
    tail.append(chunk.data(), got);
    if (tail.size() > limit) tail.erase(0, tail.size() - limit);
  }
}

}  // namespace ms2m::posix
