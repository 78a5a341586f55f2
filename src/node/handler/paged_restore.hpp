// A restore whose memory comes while it is under way.
#pragma once
#include <string>
#include <vector>

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

/// For a process of its own, without other threads, that ends with what this returns: the runtime's exit code, 0 only
/// when all pages have come as well; by then the daemon has ended. Until then the copy stands still. Should pages be
/// missing, it has been killed before it could see that.
int restore_with_pages(const PagedRestore& what) noexcept;

}  // namespace ms2m::node
