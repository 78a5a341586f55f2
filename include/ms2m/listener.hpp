// Another ms2m of this user on this machine: what it tells while it runs, and what it may be told.
#pragma once
#include <optional>

#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// For one thread.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The number of its process.
  virtual long pid() const = 0;
  /// Its next line, waited for: first its state (kind "state"), then events (kind "event"; ms2m(1), JSON OUTPUT).
  /// nullopt: it has ended, or has let us go because we did not read. Error{timeout}, Cancelled.
  virtual std::optional<Json> next(const StopToken& stop) = 0;
  /// Tells it something (kind "set"; ms2m(1), JSON OUTPUT), and it answers with a line of kind "answer". False: it has
  /// ended, or takes nothing.
  virtual bool say(const Json& line) = 0;
};

}  // namespace ms2m
