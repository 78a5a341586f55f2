// A container that stands still for its dump.
#pragma once
#include "ms2m/error.hpp"
#include "node/program/containers.hpp"

namespace ms2m::node {

/// It stands still as long as this lives, and runs again then. One that a session had frozen stays so.
class Standing {
 public:
  Standing(Containers& containers, const std::string& id, const std::string& group, const StopToken& stop)
      : containers_(containers), began_(BootClock::now()), held_(containers.hold(id, group, stop)) {}
  ~Standing() {
    if (held_.ours) containers_.let_go(held_);
  }
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;

  /// Error{failed}: not all the time. What was read meanwhile may be of different moments then.
  void check() const {
    if (!containers_.stands(held_))
      throw Error(ErrorKind::failed,
                  "container " + held_.id.substr(0, 12) + " did not stand still until its dump was whole");
  }
  std::uint64_t milliseconds() const {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(BootClock::now() - began_).count());
  }

 private:
  Containers& containers_;
  const BootTime began_;
  const Containers::Held held_;
};

}  // namespace ms2m::node
