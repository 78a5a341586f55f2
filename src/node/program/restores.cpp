#include "node/program/restores.hpp"

#include <algorithm>
#include <ctime>

#include "ms2m/error.hpp"
#include "node/program/last_page.hpp"
#include "node/protocol/checks.hpp"
#include "node/restore/waiting.hpp"

namespace ms2m::node {
namespace {

constexpr std::uint64_t kLongest = 7 * 24 * 3600;  // s
constexpr Millis kDay{24 * 3600 * 1000};
constexpr std::chrono::minutes kEnd{2};  // longer than the handler's guard takes
constexpr Millis kLook{100};             // nobody is told that a lock is free

void check_target(const RestoreTarget& target) {
  for (const std::string* name : {&target.ns, &target.pod, &target.container}) check_object_name(*name);
  check_image_id(target.image_id);
}

/// Who was at it ends what he began when he finds it void; until then some of that may run.
void await_end(const RestorePlace& place, const std::string& container, Containers& containers, const StopToken& stop) {
  const StopToken within = stop.within(kEnd);
  for (bool underway = true; underway;) {
    underway = Underway::any(place.directory());
    containers.kill(container, stop);
    if (underway) within.sleep(kLook, "waiting for the end of restore " + place.id() + ", which was under way");
  }
}

/// Whether the copy has all of its memory nobody can say any more: it must not go on.
void give_up(RestorePlace& place, Containers& containers, const StopToken& stop) {
  const auto record = place.read();
  if (!record || !record->memory_comes()) return;
  containers.kill(record->container_id, stop);
  place.change([](Record& now) {
    if (now.memory_comes()) now.failure = kFetcherDied;
  });
}

}  // namespace

RestorePlace Restores::at(const std::string& id) const {
  if (auto place = RestorePlace::open(store_.root(), id)) return std::move(*place);
  throw Error(ErrorKind::not_found, "restore " + id + " is not known on this node");
}

Nothing Restores::prepare(const RestorePrepare& request) const {
  check_target(request.target);
  store_.sweep();  // of what cannot be removed, the request for it tells
  Record record;
  record.id = request.id;
  record.target = request.target;
  record.wait_ms = std::min(request.wait_ms, static_cast<std::uint64_t>(kDay.count()));
  record.expires = static_cast<std::uint64_t>(std::time(nullptr)) + std::min(request.valid_s, kLongest);
  store_.prepare(record);
  return {};
}

Nothing Restores::bind(const RestoreBind& request) const {
  check_object_name(request.uid);
  check_kubelet_root(request.kubelet_root);
  at(request.id).change([&](Record& record) {
    if (!record.uid.empty() && record.uid != request.uid)
      throw Error(ErrorKind::conflict, "restore " + request.id + " is bound to pod UID " + record.uid + " already");
    record.uid = request.uid;
    record.kubelet_root = request.kubelet_root;
  });
  return {};
}

Nothing Restores::ready(const RestoreReady& request) const {
  at(request.id).change([&](Record& record) {
    if (record.sha256.empty() || record.sha256 != request.sha256)
      throw Error(ErrorKind::failed,
                  "restore " + request.id + " has " +
                      (record.sha256.empty() ? "no data" : "the data of another archive, " + record.sha256));
    if (record.ready) return;
    if (record.state != RestoreState::prepared)
      throw Error(ErrorKind::conflict, "restore " + request.id + " is " + to_string(record.state));
    record.ready = true;
  });
  return {};
}

Nothing Restores::done(const std::string& id, Containers& containers, const StopToken& stop) const {
  RestorePlace place = at(id);
  const std::string why = await_last_page(place, stop);
  if (why == kFetcherDied) give_up(place, containers, stop);
  place.change([&](Record& record) {
    if (record.memory_comes())
      throw Error(ErrorKind::failed,
                  "the copy's memory did not all come: " + (record.failure.empty() ? why : record.failure));
    record.state = RestoreState::done;
  });
  return {};
}

Found Restores::take_back(const std::string& id, Containers& containers, const StopToken& stop) const {
  auto place = RestorePlace::open(store_.root(), id);
  if (!place) return {false};
  // Killed before it is void: should this end in between, nothing runs that nobody knows.
  std::string container;
  for (bool again = true; again;) {
    const auto before = place->read();
    if (!before) return {false};
    const bool runs = before->state == RestoreState::taken || before->state == RestoreState::restored;
    if (runs) containers.kill(before->container_id, stop);
    place->change([&](Record& record) {
      again = record.state == RestoreState::restored && before->state != RestoreState::restored;
      if (!again) record.state = RestoreState::voided;
      container = record.container_id;
    });
  }
  if (!container.empty()) await_end(*place, container, containers, stop);
  return {true};
}

RestoreStatus Restores::watch(const RestoreWatch& request, const StopToken& stop) const {
  const auto place = RestorePlace::open(store_.root(), request.id);
  if (!place) return {};
  const Millis limit(std::min(request.limit_ms.value_or(kDay.count()), static_cast<std::uint64_t>(kDay.count())));
  const StopToken within = stop.within(limit);
  DirectoryWatch watch(place->directory());
  for (;;) {
    RestoreStatus now = place->status();
    if (now.state == RestoreState::unknown || now != request.seen) return now;
    if (!watch.await(within)) within.check("waiting for a change of restore " + request.id);
  }
}

Found Restores::remove_data(const std::string& id) const {
  auto place = RestorePlace::open(store_.root(), id);
  if (!place) return {false};
  const RestoreState state = place->status().state;
  if (state == RestoreState::prepared || state == RestoreState::taken || Underway::any(place->directory()))
    throw Error(ErrorKind::conflict, "restore " + id + " is " + to_string(state) + ": its data is in use");
  return {place->remove_data()};
}

RestoreIds Restores::sweep() const {
  Swept swept = store_.sweep();
  if (swept.failures.empty()) return {std::move(swept.ids)};
  std::string all;
  for (const std::string& each : swept.failures) all += (all.empty() ? "" : "; ") + each;
  throw Error(ErrorKind::failed, "not all that has ended could be removed: " + all);
}

RestoreListing Restores::list() const {
  RestoreListing listing;
  for (const std::string& id : store_.ids()) {
    RestoreStatus& status = listing.restores[id];
    try {
      if (const auto place = RestorePlace::open(store_.root(), id)) status = place->status();
    } catch (const Error& error) {
      status.failure = error.what();
    }
  }
  return listing;
}

}  // namespace ms2m::node
