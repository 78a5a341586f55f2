// The steps of all strategies. What each does and promises stands where its class is, in src/steps/.
#pragma once
#include "strategy/migration.hpp"

namespace ms2m::step {

extern const Step take_lease, declare_queues, create_target_pod, await_target_waiting, await_kick_works, arm_dead_man;
extern const Step quiesce_source, know_source, checkpoint, transfer, restore_on_hold;
/// Of any strategy, where there are hooks (strategy.cpp).
extern const Step before_quiet, after_pivot;
/// By the runtime handler.
extern const Step prepare_restore, pre_copy, bind_copy, bring_data, await_memory, complete_copy;
extern const Step plan_retirement, pivot, await_target_serving;

// Shadow.
extern const Step start_relay, restore_on_relay, orphan_set, catch_up, cut_over;

// Where the source goes first.
extern const Step try_creation, transfer_while_orphaning, bring_data_while_orphaning, plan_follow_up, disarm,
    swap_under_name, serve_under_name;

// Without the control protocol.
extern const Step find_connection, drain_source, checkpoint_drained, transfer_staged, transfer_staged_while_orphaning,
    freeze_source, start_copy, open_valve;

// The published procedure.
extern const Step bind_replay_queue, checkpoint_anywhere, restore_on_replay, replay_or_cut_off, switch_over;

// Of a stream.
extern const Step rest_source, checkpoint_resting, source_goes_on, restore_resting;
extern const Step tell_fresh, await_fresh, follow_stream, stop_source, reach_source, pivot_stream, await_stream_served;

}  // namespace ms2m::step
