// Watching one object. Source: kubernetes.io "Efficient detection of changes"; client-go tools/cache/reflector.go.
#pragma once
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kube/api_client.hpp"
#include "ms2m/cluster.hpp"

namespace ms2m {

/// Hands every complete line over; keeps the rest. Empty lines are dropped.
class LineSplitter {
 public:
  /// Stops early, and says so, when on_line returns false.
  bool feed(std::string_view chunk, const std::function<bool(std::string_view line)>& on_line);

 private:
  std::string rest_;
};

/// Lists (by name: one or no item, and the collection's own resourceVersion: an old object's own may be too old to
/// watch from), then watches, for as long as it takes. One thread, one use.
class ObjectWatch {
 public:
  ObjectWatch(ApiClient& client, ObjectRef ref, const std::function<bool(const Json* object)>& done);
  void run(const StopToken& stop);

 private:
  enum class Next { rewatch, relist, finished, pause };
  Next step(bool must_list, const StopToken& stop);
  std::string trouble_text() const;
  void list(const StopToken& stop);
  Next watch(const StopToken& stop);
  Next take_event(std::string_view line);
  Next take_error(const Json& object);
  void deliver(const Json* object);

  ApiClient& client_;
  const ObjectRef ref_;
  const std::function<bool(const Json* object)>& done_;
  std::string version_;                   ///< where the next watch begins
  std::optional<std::string> delivered_;  ///< uid + resourceVersion handed over last; "": its absence
  bool finished_ = false;
  bool done_threw_ = false;
  std::string trouble_;  ///< why the last watch ended, for the message of a time-out
};

}  // namespace ms2m
