// Strategy shadow for a pod of a StatefulSet, and handoff without the control protocol. A name can exist once, so the
// move has two halves:
//  1. to a copy beside the source, under a name that no set claims (it does not end in an ordinal). Before its pivot
//     the set is orphaned; after it the source goes, and with it the name is free.
//  2. `rename`: on the target node, in the same way from that copy into a pod of the source's name. It is a migration
//     of its own, with a journal (<id>-2, -3, ... one per attempt) and pivot of its own (and dead man's switch, in a
//     shadow): should it die at any instant, the copy serves on, and a resume of the first half tries again.
// Then the set is created again and adopts the pod. At every instant the copy, the source or the pod owns the queue.
#pragma once
#include <string>

#include "journal/operation.hpp"
#include "ms2m/event.hpp"
#include "ms2m/plan.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// What the second half is asked to do.
MigrationRequest identity_request(const op::Rename& operation);
/// Its plan: a bare pod's, but the target is the source's spec under the source's name.
Plan identity_plan(const op::Rename& operation, const MigrationRequest& request, const Facts& facts,
                   const std::string& id);

/// What the second half tells: its steps, as details of the one that it is, and warnings.
class StepsOnly final : public Observer {
 public:
  explicit StepsOnly(Observer& to) : to_(to) {}
  void on(const Event& event) noexcept override {
    using enum Event::Type;
    if (event.type == warning || event.type == undo || event.type == detail) to_.on(event);
    if (event.type != step) return;
    Event inner = event;
    inner.type = detail;
    to_.on(inner);
  }

 private:
  Observer& to_;
};

}  // namespace ms2m
