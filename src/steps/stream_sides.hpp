// Source and target of a stream: what they say of themselves, or the operator's command says of them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "handover/consumer_status.hpp"
#include "journal/operation.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// One that does not answer STATUS is asked for by --offset-command, and what that does not tell is seen otherwise: the
/// source reads its stream unless it consumes the hold queue, the target as it was told to, and neither is another
/// container than it was. A command that fails is run again for as long as an answer may take.
struct StreamSides {
  Move move;
  Cluster& cluster;
  Broker& broker;
  OffsetCommand* offsets;

  /// Error{inconsistent}: the source is not in the stream any more; Error{timeout}: it has not answered.
  ConsumerStatus source_at_work(const StopToken& stop) const;
  /// Sends it to the hold queue; returns when it is there, and does not go on any more.
  ConsumerStatus source_halted(const std::function<void()>& guard, const StopToken& stop) const;
  /// As it says; waits for an answer. Error{inconsistent}: the source has ended, or does not stay where it was put;
  /// Error{timeout}.
  ConsumerStatus source(const StopToken& stop) const;
  /// Error{inconsistent}: it is not the target's part that it plays, or its state does not begin where it must.
  ConsumerStatus target(const LivingCopy& living, const StopToken& stop) const;
  /// The same of an answer alone: whether its container is still the one that began, nobody is asked.
  ConsumerStatus target_says(const StopToken& stop) const;
  /// Asks once. nullopt: it does not answer yet; `why`: what came instead, if anything did.
  std::optional<ConsumerStatus> fresh_says(std::string& why, const StopToken& stop) const;
  /// The target may read as far as that.
  void let_read_until(std::int64_t offset, const StopToken& stop) const;
  /// Error{failed}: the fresh pod will never run, or its container has ended; returns which instance runs, or nothing.
  std::string running(const StopToken& stop) const;
  std::string from() const;  ///< where the target begins; empty: where it is

  /// The source's way back from the hold queue.
  static op::ResumeStream way_back(const Move& move);

  /// They do not answer STATUS.
  bool by_command() const { return !move.request.offset_command.empty(); }

 private:
  std::optional<ConsumerStatus> answer(const std::string& control_queue, const StopToken& stop) const;
  ConsumerStatus answer_by_command(const Json& pod, const char* role, const StopToken& stop) const;
  ConsumerStatus source_by_command(const StopToken& stop) const;
  Json target_pod(const StopToken& stop) const;
};

}  // namespace ms2m
