#include "node/program/last_page.hpp"

#include "ms2m/error.hpp"
#include "node/restore/waiting.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kLastPage{30};
constexpr Millis kLook{100};  // nobody is told that a lock is free

bool comes(const Record& record) {
  return record.lazy && !record.complete &&
         (record.state == RestoreState::taken || record.state == RestoreState::restored);
}

}  // namespace

std::string await_last_page(const RestorePlace& place, const StopToken& stop) {
  const StopToken within = stop.within(kLastPage);
  DirectoryWatch watch(place.directory());
  try {
    for (;;) {
      const bool underway = Underway::any(place.directory());  // before the record: it is written before that ends
      const auto record = place.read();
      if (!record || !comes(*record)) return "";
      if (!record->failure.empty()) return record->failure;
      if (!underway) return kFetcherDied;
      if (!watch.await(stop.within(kLook))) within.check("waiting for the last page of restore " + place.id());
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    return error.what();
  }
}

}  // namespace ms2m::node
