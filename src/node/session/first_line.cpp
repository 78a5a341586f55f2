#include "node/session/first_line.hpp"

#include <poll.h>

#include <array>

#include "wrap/posix/stream.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kLongest = 4u << 10;

void hear_aside(Link& link) {
  if (link.line->err) posix::read_tail(link.line->err, link.said, kSaidKept);
}

}  // namespace

std::string first_line(Link& link, const std::string& doing, const StopToken& stop) {
  for (;;) {
    posix::read_into(link.line->out, link.early, kLongest);
    hear_aside(link);
    if (const auto end = link.early.find('\n'); end != std::string::npos) {
      const std::string line = link.early.substr(0, end);
      link.early.erase(0, end + 1);
      return line;
    }
    if (!link.line->out) {
      link.line->wait_for_end(Millis{2000});
      hear_aside(link);
      throw link.line->cause(link.said);
    }
    if (link.early.size() >= kLongest) return "";
    stop.check(doing);
    std::array<pollfd, 3> fds{
        {{link.line->out.get(), POLLIN, 0}, {link.line->err.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(Millis{60000}).count()));
  }
}

}  // namespace ms2m::node
