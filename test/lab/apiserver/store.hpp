// All objects of the cluster, in memory, with one global revision counter and a window of past events.
//
// Thread-safe. Every write is one step under the store's lock; readers get immutable objects. An object that is being
// deleted disappears in the write that takes its last finalizer (and, for a pod, that finds a grace period of 0).
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "resources.hpp"

namespace ms2m::lab {

enum class EventType { kAdded, kModified, kDeleted };

struct Event {
  std::uint64_t revision = 0;
  EventType kind = EventType::kAdded;
  const ResourceType* type = nullptr;
  ObjectPtr object;
  ObjectPtr before;  // null for kAdded
};

struct Listing {
  std::vector<ObjectPtr> items;  // ordered by namespace and name
  std::uint64_t revision = 0;
};

class Store {
 public:
  using Change = std::function<void(Json&)>;

  // `first_revision`: a store's counter begins there, as that of a cluster that has lived for a while.
  explicit Store(std::uint64_t first_revision = 1000) : revision_(first_revision), oldest_(first_revision) {}

  ObjectPtr find(const ResourceType& type, const std::string& space, const std::string& name) const;
  ObjectPtr get(const ResourceType& type, const std::string& space, const std::string& name) const;  // throws NotFound
  Listing list(const ResourceType& type, const std::string& space = "") const;  // "" = every namespace

  // Sets uid, creationTimestamp, resourceVersion and generation. Throws AlreadyExists.
  ObjectPtr create(const ResourceType& type, Json object);

  // Applies `change` to a copy and stores it; nothing happens when it changes nothing. What `change` throws passes
  // through. Counts the generation. Returns the stored (or, at the end of a deletion, the removed) object.
  ObjectPtr update(const ResourceType& type, const std::string& space, const std::string& name, const Change& change);

  // Removes whatever state the object is in; nullptr when it is not there.
  ObjectPtr remove(const ResourceType& type, const std::string& space, const std::string& name);

  std::uint64_t revision() const;
  std::uint64_t oldest_revision() const;
  // Makes every watch from a revision before now too old.
  void compact();

  // Events after `revision`, at once if there are any, else those that come until `deadline` (maybe none).
  // nullopt when the window no longer reaches back that far.
  std::optional<std::vector<Event>> events_after(std::uint64_t revision,
                                                 std::chrono::steady_clock::time_point deadline);
  // Ends every wait in events_after(), now and later.
  void stop_waiting();
  bool stopping() const;

 private:
  using Key = std::pair<std::string, std::string>;
  using Objects = std::map<Key, ObjectPtr>;

  void record(EventType kind, const ResourceType& type, ObjectPtr object, ObjectPtr before);
  ObjectPtr erase(const ResourceType& type, Objects::iterator where, Json last);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const ResourceType*, Objects> objects_;
  std::deque<Event> history_;
  std::uint64_t revision_;
  std::uint64_t oldest_;
  bool stopping_ = false;
};

}  // namespace ms2m::lab
