// The steps of all strategies. Each writes its effect to the journal, with its undo and its finish, before it happens.
#pragma once
#include "steps/run.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Throws Error{refused} when admission made of the target pod what no kubelet could restore.
void check_admitted(const Run& run, const Json& admitted);

namespace step {

extern const Step take_lease;
extern const Step declare_queues;  ///< and the tee, for a relay
extern const Step create_target_pod;
extern const Step try_creation;          ///< of a pod that can be created only later
extern const Step await_target_waiting;  ///< until the pod waits for its image
extern const Step await_kick_works;      ///< until it has waited so long that the kubelet answers the kick at once
extern const Step arm_dead_man;

/// Afterwards nothing that was delivered to the source is unacknowledged, and it listens to the hold queue. Makes up
/// for a preflight that could not see the source's consumer yet.
extern const Step quiesce_source;
/// Afterwards the archive is a process that listens to the hold queue: quiet was checked again after the dump.
extern const Step checkpoint;
extern const Step transfer;
extern const Step restore_on_hold;   ///< the restored process lives and listens to the hold queue
extern const Step restore_on_relay;  ///< or to its own queue of the relay
extern const Step plan_retirement;   ///< what is to be done once the target owns the queue
/// Throws Error{inconsistent} when the copy does not live any more, or is another process than the one that was
/// restored, or the dead man's switch has fired. Afterwards the journal says "pivoted".
extern const Step pivot;
/// Until the target, which has the queue, consumes it. Should it not do so, Run::hand_over says what was seen.
extern const Step await_target_serving;

// Shadow.
extern const Step start_relay;
extern const Step catch_up;
extern const Step cut_over;
extern const Step orphan_set;

// Where the source goes first.
extern const Step transfer_while_orphaning;
extern const Step plan_follow_up;
/// The pivot without a hand-over: only the dead man's message is taken (and the marker left), for a target that does
/// not exist yet.
extern const Step disarm;
extern const Step swap_under_name;
extern const Step serve_under_name;

// Without the control protocol.
extern const Step find_connection;
extern const Step drain_source;
extern const Step checkpoint_drained;
extern const Step transfer_staged;  ///< under another name, so that no kubelet can start the target pod from it yet
extern const Step freeze_source;
extern const Step start_copy;
extern const Step open_valve;

// The published procedure.
extern const Step bind_replay_queue;
extern const Step checkpoint_anywhere;
extern const Step restore_on_replay;
extern const Step replay_or_cut_off;
extern const Step switch_over;

}  // namespace step
}  // namespace ms2m
