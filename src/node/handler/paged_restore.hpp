// A restore whose memory comes while it is under way.
#pragma once
#include "node/handler/page_daemon.hpp"

namespace ms2m::node {

/// For a process of its own, without other threads, that ends with what this returns: the runtime's exit code, 0 only
/// when all pages have come as well; by then the daemon has ended. Until then the copy stands still. Should pages be
/// missing, it has been killed before it could see that. (A copy that runs meanwhile: lazy_restore.hpp.)
int restore_with_pages(const PagedRestore& what) noexcept;

}  // namespace ms2m::node
