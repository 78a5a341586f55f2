// CRIU's daemon for lazy pages, beside the runtime's restore.
#pragma once
#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "wrap/posix/child.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// `runtime`, an OCI runtime's restore, with CRIU's daemon for lazy pages beside it, which fetches all pages that the
/// images have not (userfaultfd).
///
/// Facts (CRIU 4.2.1): the daemon ends with 0 when every page of every process is there, or nobody needs it any more,
/// and otherwise as soon as its socket is closed. What a process has not got when the last userfaultfd of it is closed
/// reads as zeroes from then on.
struct PagedRestore {
  std::vector<std::string> runtime;
  std::string images, work;         ///< CRIU's directories
  std::string criu_file, own_file;  ///< criu_settings.hpp; own_file is there
  std::string pid_file;             ///< that the runtime writes; "": none
  int pages = -1;                   ///< the daemon's socket, at whose other end is feed_pages()
};

inline constexpr const char* kPagesLog = "pages.log";  ///< the daemon's, in its work directory
/// The runtime has restored, but not all pages came.
inline constexpr int kPagesMissing = 125;

class PageDaemon {
 public:
  /// What the daemon has of ours besides its socket. `inherited`: what the runtime will have. `nothing`: it may outlive
  /// our caller, who waits for the end of some of that.
  enum class Has { inherited, nothing };
  /// Starts it, in what CRIU's settings are for the runtime's restore too (criu_settings.hpp). Whoever gives pages is
  /// shown it as soon as it listens. Error{failed}.
  PageDaemon(const PagedRestore& what, Has has);

  /// False: it has ended before it did.
  bool listens() const noexcept { return listens_; }
  /// Runs the runtime; its exit code, or kPagesMissing when the daemon has failed before: CRIU may wait for it for ever
  /// then, and whatever runs below is left to whoever ends us.
  int run_runtime(const std::vector<std::string>& argv);
  /// Its userfaultfds, ours too: a copy whose daemon has died waits for its pages, and reads no zeroes. (Not those of
  /// processes that the copy forks meanwhile.)
  std::vector<posix::UniqueFd> share_faults() const;
  posix::ExitStatus await_end();
  posix::Child& process() noexcept { return *process_; }

 private:
  /// Whoever gives pages stops it while it waits for some, and may be killed: then it goes on, and sees that nobody
  /// gives any more.
  void heed_giver(const pollfd& seen);
  std::unique_ptr<posix::Child> process_;
  pollfd giver_;
  bool listens_ = false;
};

}  // namespace ms2m::node
