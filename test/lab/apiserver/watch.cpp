// Reader::watch: the changes of one kind as JSON lines, each sent at once.
#include <fmt/format.h>

#include <memory>

#include "reader.hpp"
#include "selector.hpp"

namespace ms2m::lab {

namespace {
using Clock = std::chrono::steady_clock;
constexpr auto kLookForClient = std::chrono::milliseconds(250);
constexpr auto kBookmarkEvery = std::chrono::seconds(60);
constexpr auto kBookmarkBeforeEnd = std::chrono::milliseconds(1350);
constexpr int kDefaultTimeoutSeconds = 2400;

std::string line(const char* type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string expired_line(std::uint64_t revision, std::uint64_t oldest) {
  return line("ERROR", expired(fmt::format("too old resource version: {} ({})", revision, oldest)).body());
}

// One open watch: where it stands and what it lets through.
class WatchSession {
 public:
  WatchSession(Store& store, const Faults& faults, const Call& call, const ResourceType& type)
      : store_(store),
        faults_(faults),
        type_(type),
        space_(call.info.space),
        path_(call.path),
        labels_(LabelSelector::parse(call.param("labelSelector"))),
        fields_(FieldSelector::parse(type, call.param("fieldSelector"))),
        gone_(call.client_gone),
        bookmarks_(query_flag(call.query, "allowWatchBookmarks")),
        epoch_(faults.epoch()) {
    const std::string timeout = call.param("timeoutSeconds");
    end_ = Clock::now() + std::chrono::seconds(timeout.empty() ? kDefaultTimeoutSeconds : std::stoi(timeout));
    next_bookmark_ = std::min(Clock::now() + kBookmarkEvery, end_ - kBookmarkBeforeEnd);
    const std::string revision = call.param("resourceVersion");
    from_now_ = revision.empty() || revision == "0";
    if (!from_now_) position_ = std::stoull(revision);
  }

  void run(const StreamWrite& write) {
    if (from_now_ && !send_present(write)) return;
    while (Clock::now() < end_ && !store_.stopping() && !gone_()) {
      const auto events =
          store_.events_after(position_, std::min({end_, next_bookmark_, Clock::now() + kLookForClient}));
      if (!events || faults_.watch_fault(epoch_, path_) == WatchFault::kExpire) {
        write(expired_line(position_, store_.oldest_revision()));
        return;
      }
      if (faults_.watch_fault(epoch_, path_) == WatchFault::kClose) return;
      for (const Event& event : *events)
        if (!send(event, write)) return;
      if (Clock::now() >= next_bookmark_ && !send_bookmark(write)) return;
    }
  }

 private:
  bool lets_through(const Json& object) const {
    return (space_.empty() || namespace_of(object) == space_) && labels_.matches(at(object, {"metadata", "labels"})) &&
           fields_.matches(object);
  }

  bool send_present(const StreamWrite& write) {
    const Listing listing = store_.list(type_, space_);
    position_ = listing.revision;
    for (const ObjectPtr& object : listing.items)
      if (lets_through(*object) && !write(line("ADDED", *object))) return false;
    return true;
  }

  // An object that begins or ceases to match appears or disappears for this watch.
  bool send(const Event& event, const StreamWrite& write) {
    position_ = event.revision;
    if (event.type != &type_) return true;
    const bool now = event.kind != EventType::kDeleted && lets_through(*event.object);
    const bool before = event.before && lets_through(*event.before);
    if (now) return write(line(before ? "MODIFIED" : "ADDED", *event.object));
    if (!before || event.kind == EventType::kDeleted) return !before || write(line("DELETED", *event.object));
    Json last = *event.before;  // what it was when it still matched, at the revision of the change
    last["metadata"]["resourceVersion"] = std::to_string(event.revision);
    return write(line("DELETED", last));
  }

  bool send_bookmark(const StreamWrite& write) {
    const auto now = Clock::now();
    next_bookmark_ = now + kBookmarkEvery;
    if (next_bookmark_ > end_ - kBookmarkBeforeEnd)
      next_bookmark_ = now < end_ - 2 * kBookmarkBeforeEnd ? end_ - kBookmarkBeforeEnd : end_ + kBookmarkEvery;
    if (!bookmarks_) return true;
    Json object{{"kind", type_.kind},
                {"apiVersion", type_.api_version()},
                {"metadata", {{"resourceVersion", std::to_string(position_)}}}};
    if (type_.plural == "pods") {
      object["spec"] = {{"containers", nullptr}};
      object["status"] = Json::object();
    }
    return write(line("BOOKMARK", object));
  }

  Store& store_;
  const Faults& faults_;
  const ResourceType& type_;
  std::string space_;
  std::string path_;
  LabelSelector labels_;
  FieldSelector fields_;
  ClientGone gone_;
  bool bookmarks_;
  std::uint64_t epoch_;
  bool from_now_ = false;
  std::uint64_t position_ = 0;
  Clock::time_point end_;
  Clock::time_point next_bookmark_;
};
}  // namespace

Answer Reader::watch(const Call& call, const ResourceType& type) const {
  if (!call.param("sendInitialEvents").empty())
    throw invalid(
        "meta.k8s.io", "ListOptions", "",
        {{"FieldValueForbidden", "sendInitialEvents",
          "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"}});
  auto session = std::make_shared<WatchSession>(store_, faults_, call, type);
  Answer answer;
  answer.stream = [session](const StreamWrite& write) { session->run(write); };
  return answer;
}

}  // namespace ms2m::lab
