// While nobody works on the queue, a wait for somebody who does not answer any more is broken off: what follows, the
// undo, sends the source back to work without the API server and the kubelets.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/aside.hpp"
#include "base/linked_stop.hpp"
#include "base/main_line.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Error{unavailable}: who is waited for has fallen silent while nobody worked on the queue.
class FellSilent : public Error {
 public:
  using Error::Error;
};

/// Asks them again and again, on threads of its own, from its construction to its end. Silent is who gives no answer at
/// all to any of several questions, each on a connection of its own, for as long as the patience: whatever is answered,
/// however late within it, is an answer. Time in which this process did not run, or its machine was suspended, is
/// nobody's silence. Whoever is not waited for at the moment (MainLine::now()) may be silent.
class Lookout {
 public:
  /// The nodes whose kubelets may be waited for; empty: that one is not.
  struct Kubelets {
    std::string source{};       ///< makes the checkpoint
    std::string target{};       ///< starts the copy's container
    bool told_by_node = false;  ///< that it runs; else by that kubelet, and so by the API server
  };
  using BootTimes = std::function<BootTime()>;

  /// `patience`: with somebody who is waited for. `stop`: the run's own, of which token() is the narrower one. Cluster
  /// and line outlive it.
  Lookout(Cluster& cluster, const MainLine& line, const Kubelets& kubelets, Millis patience, const StopToken& stop,
          BootTimes clock = BootClock::now);
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  /// Is stopped, too, when one who is waited for has fallen silent.
  StopToken token() const { return stop_.token(); }
  /// Then: who it is.
  std::optional<FellSilent> silence() const;

 private:
  using Ask = std::function<std::optional<bool>(const StopToken& stop)>;
  struct Question {
    Clock::duration age{0};
    std::unique_ptr<Aside> asking;
  };
  struct Party {
    std::string words;
    Ask ask;             ///< as Cluster::answers()
    bool heard = false;  ///< one that never was, which cannot be reached from here, say, has not fallen silent
    Clock::duration silent{0};
    Clock::duration since_asked{0};
    std::list<Question> questions{};
  };

  void look(const StopToken& stop);
  bool is_late(Clock::duration time) const;
  void pass(Party& party, Clock::duration time);
  void ask(Party& party);
  void answered(Party& party, std::optional<bool> answer);
  /// Whose silence keeps that wait from ending; nullptr: nobody's.
  const Party* silent_in(WaitFor wait) const;
  bool decide(Clock::duration time);

  const MainLine& line_;
  const Millis patience_;
  const bool told_by_node_;
  const Clock::duration between_;  ///< questions
  const BootTimes clock_;
  LinkedStop stop_;
  mutable std::mutex mutex_;
  WaitFor wait_ = WaitFor::ms2m;
  Clock::duration waited_{0};  ///< for that
  std::optional<FellSilent> silence_;
  Party api_server_;
  std::optional<Party> source_, target_;
  std::optional<Aside> looking_;  // last: it uses the others
};

}  // namespace ms2m
