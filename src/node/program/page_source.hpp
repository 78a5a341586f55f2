// CRIU's page server at one end; the program of the node where the pages go at the other.
#pragma once
#include "node/criu/page_frames.hpp"
#include "node/program/channel.hpp"

namespace ms2m::node {

/// Gives all of `kept` before it is asked for, in its order from what was asked for last, and what is asked for at
/// once: CRIU's client asks for one piece after the other, and would wait for each all the way. In the channel are
/// frames of page_frames.hpp. Until CRIU's end of `socket` is closed, or the channel's stream ends; CRIU is told by the
/// end of what comes from `socket`. Returns how many bytes came from it. Throws Cancelled, and then, as whenever it
/// throws, `socket` is closed.
///
/// `lazy`: for a copy that runs, and waits for each page that it touches: less is given ahead, the shortest runs first,
/// nothing for a moment after a single page was wanted, and with such a page those behind it.
Bytes give_pages(int socket, PageSet kept, bool lazy, Channel& channel);

}  // namespace ms2m::node
