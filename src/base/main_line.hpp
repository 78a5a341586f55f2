// What the one thread that carries a migration out waits for, from its beginning to its end.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ms2m/waiting.hpp"

namespace ms2m {

/// At every moment one thing is waited for, the first of these that there is: the call that the thread of the run is
/// in; of what other threads do, the call that began first (somebody waits for its end); what the step says that it
/// waits for (a loop that looks again and again); nothing but ms2m itself.
///
/// A look in the middle of a step's wait is a part of that, however long it takes: had the answer come at once, the
/// wait would not have been over. The last one, after which it was, is none.
///
/// Any thread. Outside of a run nothing is kept.
class MainLine {
 public:
  explicit MainLine(std::function<TimePoint()> clock = Clock::now) : clock_(std::move(clock)) {}

  /// look: asks how things are. On another thread nobody waits for it: there it watches for as long as it may.
  enum class Kind { act, look };

  /// A call, for as long as it lives. One within another on the same thread is a part of that.
  class Call {
   public:
    Call(MainLine& line, WaitFor on, std::string what, Kind kind = Kind::act);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    /// It waits for something else than was thought in the beginning.
    void turns_out(WaitFor on);

   private:
    MainLine& line_;
    std::uint64_t number_ = 0;  ///< 0: it is not kept
  };

  /// One run, on the thread that makes it. A run within another is a part of that: it has no path of its own.
  class Run {
   public:
    Run(MainLine& line, TimePoint begin);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    /// The time from `begin` to `end`, without a gap. Once.
    std::vector<Waited> path(TimePoint end);

   private:
    MainLine& line_;
  };

  /// A step begins.
  void enter(Phase phase, const Wait& wait = {});
  /// Within a step: for what it waits from here on, when it asks for nothing.
  void waits_for(const Wait& wait = {});
  /// For whom the thread of the run waits at this moment; where it asks the broker again and again, what the step says
  /// that it waits for. ms2m: for nobody, or there is no run.
  WaitFor now() const;
  /// Such a thing is under way, and will be waited for in this phase. Is it not over by then, what ms2m does meanwhile
  /// has cost no time: it is a part of that wait.
  void begins(WaitFor on);

 private:
  struct Piece {
    Waited waited;
    bool called = false;  ///< by the thread of the run
    bool look = false;    ///< and no act
    Clock::duration length{0};
    Clock::duration longest{0};  ///< of its parts, whose words it has

    bool same(const Piece& other) const;
    bool is_short() const;
    bool may_be_in_a_wait() const;
    void take(const Piece& other);
  };
  struct Asked {
    std::uint64_t number;
    WaitFor on;
    std::string what;
    bool look = false;
  };

  const Asked* asked() const;
  Piece present(Clock::duration length) const;
  void turn(TimePoint now);  ///< what was waited for until now is kept
  void keep(Piece piece);
  bool goes_on(const Piece& wait);  ///< after looks: it is kept
  void hide_behind(const Piece& wait);

  const std::function<TimePoint()> clock_;
  mutable std::mutex mutex_;
  int runs_ = 0;  // one within the other
  std::thread::id thread_;
  Phase phase_ = Phase::preparing;
  Wait wait_;
  std::optional<Asked> called_;
  std::list<Asked> beside_;  // in the order in which they began
  std::uint64_t last_ = 0;
  TimePoint since_;
  std::vector<Piece> pieces_;
  struct Begun {
    WaitFor on;
    Phase phase;
    std::size_t before;  ///< pieces
  };
  std::optional<Begun> begun_;
};

}  // namespace ms2m
