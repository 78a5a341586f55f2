// Commands of the operator's own at three points of a migration.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

struct Outcome;

enum class HookPoint {
  before_quiet,  ///< the last moment before the source is disturbed; one that fails ends the move, and all is undone
  after_pivot,   ///< the target was seen to serve; a quiet source is still to be removed, a frozen one is gone
  end,           ///< of every migration that has begun, whatever came of it
};
const char* to_string(HookPoint point) noexcept;  // "before-quiet", "after-pivot", "end"
std::optional<HookPoint> hook_point_of(std::string_view word) noexcept;

struct Hook {
  HookPoint at = HookPoint::end;
  std::string command;  ///< for /bin/sh -c; may hold a secret: it is in no journal, and in nothing that is told
};

/// What came of one that was begun, or was to be.
struct HookRun {
  HookPoint at = HookPoint::end;
  unsigned number = 1;  ///< of those at that point
  Seconds took{0};
  std::string failure{};  ///< empty: it succeeded
};

/// Who runs them.
class Hooks {
 public:
  virtual ~Hooks() = default;
  /// Returns when it has ended well. `so_far`: what it is told. Error{failed}: it has ended otherwise;
  /// {not_found, failed}: it could not begin; {timeout}, Cancelled: its process group was killed.
  virtual void run(const Hook& hook, const Outcome& so_far, const StopToken& stop) = 0;
};

}  // namespace ms2m
