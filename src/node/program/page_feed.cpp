#include "node/program/page_feed.hpp"

#include "ms2m/error.hpp"
#include "node/program/last_page.hpp"
#include "node/program/page_store.hpp"
#include "node/restore/page_socket.hpp"
#include "node/restore/store.hpp"

namespace ms2m::node {

PagesEnd feed_pages(const std::string& root, const FeedPages& request, Channel& channel) {
  auto place = RestorePlace::open(root, request.id);
  if (!place) throw Error(ErrorKind::not_found, "restore " + request.id + " is not known on this node");
  PageDoor door(place->directory());
  place->change([&](Record& record) {
    if (record.state != RestoreState::prepared || record.ready)
      throw Error(ErrorKind::conflict,
                  "restore " + request.id + " is " + (record.ready ? "ready already" : to_string(record.state)));
    record.pages = true;
    record.lazy = request.lazy;
  });
  channel.progress(StreamProgress{});
  const posix::UniqueFd criu = door.admit(channel.stop());
  const Bytes given = take_pages(criu.get(), shown_process(criu.get(), channel.stop()), request.lazy, channel);
  if (!request.lazy) return {given};
  if (const std::string why = await_last_page(*place, channel.stop()); !why.empty())
    throw Error(ErrorKind::failed, why);
  return {given};
}

}  // namespace ms2m::node
