// What every way of a checkpoint between two sessions has in common: what is asked of both nodes, and what both say.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ms2m/error.hpp"
#include "ms2m/node.hpp"
#include "node/protocol/messages.hpp"
#include "node/session/session.hpp"

namespace ms2m {

/// The side is the outermost frame of what fails there.
template <class Act>
auto on_side(const std::string& side, const Act& act) {
  try {
    return act();
  } catch (Error& error) {
    throw error.in(side);
  }
}

/// Before anything is asked: Error{refused, usage}. Returns the last name of the directory, which is the migration's
/// ID.
std::string check_move(const MoveRequest& request);

/// One archive on its way. What it is given must outlive it.
class Flow {
 public:
  Flow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop);

 protected:
  std::string reading(const std::optional<node::PassageUse>& passage) const;
  std::string writing(const std::string& passage) const;
  /// What the source says of the stream's end, which the target is to say, too.
  void take_end(const std::string& payload);
  /// The target's answer, or the source's end. Error{failed}.
  void check(const node::StreamEnd& said) const;
  static Error unexpected() { return Error(ErrorKind::protocol, "the stream is not what was announced"); }
  /// Not often, unless it must be `now`.
  void report(bool now);
  MoveResult result(Carriage carriage) const {
    return {done_, hex_, announced_.pages, announced_.differing, carriage, travelled()};
  }
  /// Between the nodes the stream is a packed one (blocks.hpp).
  bool packed() const { return compress() != Compression::none; }

  const MoveRequest& request_;
  const std::string doing_, source_, target_;
  const StopToken& stop_;
  std::shared_ptr<node::Call> from_, to_;
  node::StreamProgress announced_;
  Bytes done_{}, travelled_{};
  std::string hex_, memory_;

 private:
  /// What goes through a registry is a layer of an image, which is no such stream.
  Compression compress() const {
    return request_.carriage == Carriage::registry ? Compression::none : request_.compress;
  }
  std::optional<Bytes> travelled() const { return packed() ? std::optional(travelled_) : std::nullopt; }
  const ProgressFn& progress_;
  TimePoint next_{};
};

}  // namespace ms2m
