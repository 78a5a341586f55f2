// One node program that the agent has started, and how its streams become answers.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ms2m/units.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::agent {

/// Bytes are numbered from 0 in each direction: a request that is sent again does nothing twice. Thread-safe.
class Session {
 public:
  /// Starts it. Errors as posix::Child. `silence`: after so long without a request nobody is there any more.
  Session(std::string owner, const posix::ProcessSpec& program, Millis silence);

  const std::string& owner() const noexcept { return owner_; }

  /// Of bytes that begin with number `at`, writes to its stdin what it has not had yet and what goes within a third of
  /// the silence. Returns how many it has had in all; nullopt: bytes before `at` are missing. It has ended, or its
  /// stdin is closed: `ended` is set.
  std::optional<std::uint64_t> take(std::uint64_t at, std::string_view bytes, bool& ended);

  struct Output {
    std::string bytes;  ///< empty: nothing came in time, or that was all
    bool ended = false;
    std::string end;   ///< how, when it has ended
    std::string said;  ///< the last line of its stderr then
    bool misplaced = false;
  };
  /// From its stdout what begins with number `at`, waiting for it up to a third of the silence. The answer before, when
  /// that is asked for again; otherwise it is given up. misplaced: neither of these.
  Output give(std::uint64_t at);

  /// Closes its stdin: it comes to its end.
  void close();
  bool silent(TimePoint now) const noexcept;
  /// It is to have ended by now. nullopt: close() was not called.
  std::optional<Seconds> closed_for(TimePoint now) const noexcept;
  bool has_ended();
  /// Its program runs on without an agent.
  void let_go();

 private:
  class Busy;
  void fill(TimePoint until);

  const std::string owner_;
  const Millis silence_;
  std::atomic<TimePoint> heard_;
  std::atomic<int> busy_{0};
  std::atomic<TimePoint> closed_{TimePoint{}};
  std::mutex in_mutex_;  ///< guards child_.in, taken_
  std::uint64_t taken_ = 0;
  std::mutex out_mutex_;  ///< guards the rest
  posix::Child child_;
  std::uint64_t given_ = 0;  ///< number of the first byte of chunk_
  std::string chunk_, said_;
  std::optional<std::string> status_;
};

}  // namespace ms2m::agent
