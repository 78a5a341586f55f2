// The memory of a copy that is at work already (Pages::lazy).
#pragma once
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "ms2m/dials.hpp"
#include "ms2m/node.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Carrier::bring_pages() on a thread of its own, for no longer than `limit`; the bandwidth can be changed as long as
/// it goes on. Destroyed, it is ended: then the copy is killed, unless it has all of its memory, and the source runs
/// on.
class MemoryFlow {
 public:
  MemoryFlow(Carrier& carrier, PagesRequest request, ProgressFn progress, Dials& dials, Millis limit);
  ~MemoryFlow();
  MemoryFlow(const MemoryFlow&) = delete;
  MemoryFlow& operator=(const MemoryFlow&) = delete;

  /// Once. Returns when `begin`, which lets the restore begin, has returned; throws what that, or the flow's beginning,
  /// has thrown, and as StopToken::check(): then it has been ended.
  void let_begin(const std::function<void()>& begin, const StopToken& stop);
  /// Throws Error{unavailable} when it has failed.
  void check() const;
  /// Stopped when it has failed.
  StopToken failed() const { return failed_.token(); }
  /// Waits for the last page; how much came from the source. Error{unavailable}: it has failed.
  Bytes wait(const StopToken& stop) const;
  /// Waits for its end, whatever that is; it has a limit.
  void await_end() const noexcept;
  /// When the last page had come.
  std::optional<TimePoint> ended() const;

 private:
  void run(const std::function<void()>& begin) noexcept;
  void await(const StopSource& event, const StopToken& stop, const char* doing) const;

  Carrier& carrier_;
  const PagesRequest request_;
  const ProgressFn progress_;
  Dials& dials_;
  const Millis limit_;
  StopSource end_;                    ///< it is to
  StopSource begun_, failed_, over_;  ///< as events
  mutable std::mutex mutex_;          ///< guards these
  std::exception_ptr failure_;
  Bytes come_{};
  std::optional<TimePoint> ended_{};
  std::thread thread_;  ///< last: it uses the others
};

}  // namespace ms2m
