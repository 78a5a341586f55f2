#include "base/linked_stop.hpp"

#include <poll.h>

namespace ms2m {

LinkedStop::LinkedStop(const StopToken& outer) : outer_(outer) {
  if (outer_.fd() < 0) return;  // it is never stopped
  thread_ = std::thread([this] {
    const StopToken over = over_.token();
    pollfd either[] = {{outer_.fd(), POLLIN, 0}, {over.fd(), POLLIN, 0}};
    while (!outer_.stop_requested() && !over.stop_requested()) ::poll(either, 2, -1);
    if (outer_.stop_requested()) own_.request_stop();
  });
}

LinkedStop::~LinkedStop() {
  over_.request_stop();
  if (thread_.joinable()) thread_.join();
}

StopToken LinkedStop::token() const {
  const StopToken own = own_.token();
  return outer_.deadline() ? own.until(*outer_.deadline()) : own;
}

}  // namespace ms2m
