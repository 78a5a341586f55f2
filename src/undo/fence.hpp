// A copy's containers, frozen on their node: none of them runs another instruction until it is killed or thawed.
#pragma once
#include <set>
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

class Fence {
 public:
  /// Freezes what runs in the pod. A container that is not there to be frozen counts as ended when its kubelet says so,
  /// too; what was started in its place is frozen. Error: one of them was not frozen (its node cannot be reached, say);
  /// then none stays so.
  Fence(const Migrator::Ports& ports, const ObjectRef& ref, const Json& pod, const StopToken& stop);
  /// Thaws them, as far as their node can be reached: otherwise it does so itself when the freeze's time is over.
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  /// The pod is to be deleted: from here on what ends the freeze (its time, the session's end, ms2m's) ends the
  /// containers, so that none of them wakes up. Error: they were not frozen all the time until now, or that could not
  /// be had.
  void condemn();
  /// It is not, after all: they are thawed.
  void give_back() noexcept { condemned_ = false; }
  bool condemned() const noexcept { return condemned_; }
  /// What waits on the fence: ends with it.
  const StopToken& limit() const noexcept { return limit_; }
  /// True: all of them have ended.
  bool kill(const StopToken& stop);
  /// The pod's status names no container that was not there at the freeze.
  bool covers(const Json& pod) const;

 private:
  void freeze(Json pod);
  void thaw() noexcept;
  /// They are frozen still: neither the time after which the node thaws them has come nor the end of its session.
  bool holds() const;
  /// The pod, once its kubelet does not call any of them running.
  Json await_end_of(const std::set<std::string>& containers) const;
  const Migrator::Ports& ports_;
  const ObjectRef ref_;
  const std::string uid_, node_;
  const StopToken limit_;
  std::set<std::string> frozen_, known_;
  bool condemned_ = false;
};

}  // namespace ms2m
