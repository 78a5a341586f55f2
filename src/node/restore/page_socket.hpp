// Where a restore's CRIU finds the pages that were kept back: a socket in the restore's directory, for one connection.
#pragma once
#include "ms2m/stop.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// The node program's end. The name goes with the object, and with the first connection.
class PageDoor {
 public:
  /// `directory`: the restore's, open. Takes the name from a program that has died. Error{failed}.
  explicit PageDoor(int directory);
  ~PageDoor();
  PageDoor(const PageDoor&) = delete;
  PageDoor& operator=(const PageDoor&) = delete;
  /// Throws Cancelled, Error{timeout}.
  posix::UniqueFd admit(const StopToken& stop);

 private:
  const int directory_;
  posix::UniqueFd listening_;
};

/// The handler's. Error{failed}: nobody gives pages.
posix::UniqueFd enter_for_pages(int directory);

/// Before anything else is said there: the handler shows the node program which process is going to ask. Error{failed}.
void show_process(int socket, int pidfd);
/// The node program's end of that. Throws Cancelled, Error{timeout}, Error{protocol}.
posix::UniqueFd shown_process(int socket, const StopToken& stop);

}  // namespace ms2m::node
