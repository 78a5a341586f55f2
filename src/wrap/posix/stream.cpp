#include "wrap/posix/stream.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ms2m::posix {
namespace {

constexpr std::size_t kChunk = 64u << 10;

iovec part(std::string_view of) { return {const_cast<char*>(of.data()), of.size()}; }  // writev() writes nothing there

}  // namespace

std::size_t read_some(UniqueFd& fd, std::span<char> into) {
  for (;;) {
    const auto got = ::read(fd.get(), into.data(), into.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || errno != EAGAIN) fd.reset();  // a read error is its end, too
    return 0;
  }
}

bool write_some(const UniqueFd& fd, std::string_view data, std::size_t& sent) { return write_some(fd, {}, data, sent); }

bool write_some(const UniqueFd& fd, std::string_view head, std::string_view data, std::size_t& sent) {
  while (sent < head.size() + data.size()) {
    const std::string_view first = head.substr(std::min(sent, head.size()));
    const std::string_view second = data.substr(sent - (head.size() - first.size()));
    const std::array<iovec, 2> parts{part(first), part(second)};
    const auto wrote = ::writev(fd.get(), parts.data(), static_cast<int>(parts.size()));
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
    const auto got = read_some(fd, std::span(chunk).first(std::min(chunk.size(), limit - into.size())));
    if (got == 0) return;
    into.append(chunk.data(), got);
  }
}

void read_tail(UniqueFd& fd, std::string& tail, std::size_t limit) {
  std::array<char, kChunk> chunk;
  while (fd) {
    const auto got = read_some(fd, chunk);
    if (got == 0) return;
    tail.append(chunk.data(), got);
    if (tail.size() > limit) tail.erase(0, tail.size() - limit);
  }
}

}  // namespace ms2m::posix
