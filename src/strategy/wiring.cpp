// What each step is made of.
#include "strategy/wiring.hpp"

#include <type_traits>

#include "steps/await_memory.hpp"
#include "steps/catch_up.hpp"
#include "steps/checkpoint.hpp"
#include "steps/cut_over.hpp"
#include "steps/dead_man.hpp"
#include "steps/drain.hpp"
#include "steps/fanout.hpp"
#include "steps/freeze.hpp"
#include "steps/hooks.hpp"
#include "steps/hybrid.hpp"
#include "steps/lease.hpp"
#include "steps/orphan.hpp"
#include "steps/pivot.hpp"
#include "steps/pre_copy.hpp"
#include "steps/prepared_restore.hpp"
#include "steps/queues.hpp"
#include "steps/quiesce.hpp"
#include "steps/relay.hpp"
#include "steps/replay.hpp"
#include "steps/restore.hpp"
#include "steps/retirement.hpp"
#include "steps/source_first.hpp"
#include "steps/start_copy.hpp"
#include "steps/target_pod.hpp"
#include "steps/transfer.hpp"

namespace ms2m {
namespace {

/// What a step waits for whose class says nothing of it, is what it asks.
template <class Class>
constexpr Wait wait_of() {
  if constexpr (requires { Class::kWait; })
    return Class::kWait;
  else
    return {};
}

template <class Class>
constexpr std::optional<WaitFor> begun_by() {
  if constexpr (requires { Class::kBegins; })
    return Class::kBegins;
  else
    return std::nullopt;
}

template <class Class>
constexpr bool disturbs() {
  return requires { Class::kDisturbs; };
}

template <class Class>
constexpr bool no_way_back() {
  return requires { Class::kNoWayBack; };
}

/// `Make`: a function of a Migration that returns the step's class.
template <class Make>
constexpr Step step_of(Make) {
  using Class = std::invoke_result_t<Make, Migration&>;
  return {Class::kPhase,
          wait_of<Class>(),
          begun_by<Class>(),
          disturbs<Class>(),
          no_way_back<Class>(),
          Class::announce,
          [](Migration& migration, const StopToken& stop) { return Make{}(migration).run(stop); }};
}

// What several are made of.

Guards guards(const Migration& m) { return {m.own}; }

PrimaryWatch primary(Migration& m) {
  return {m.move, m.ports.cluster, m.ports.broker, m.ports.admin, m.source, m.waiting};
}

SourceProcess process(const Migration& m) { return {m.move.plan, m.ports.cluster}; }

StillQuiet still_quiet(Migration& m) { return {m.observer, guards(m), primary(m), process(m)}; }

CloseValve close_valve(Migration& m) {
  return {m.move,    m.ports.broker, m.ports.admin, m.ports.processes, process(m),
          m.journal, m.observer,     m.own.valve,   m.measures.frozen};
}

Undisturbed undisturbed(Migration& m) {
  return {m.move.plan, m.ports.broker, m.ports.admin, guards(m), process(m), m.source};
}

TakeCheckpoint take_checkpoint(Migration& m) {
  return {m.move, m.ports.cluster, m.ports.dumps, m.ports.processes, m.journal, m.observer, m.checkpoint};
}

Transfer transfer_of(Migration& m) {
  return {m.move,       m.ports.carrier, m.ports.images,   m.journal,           m.observer,           guards(m),
          m.checkpoint, m.imported,      m.measures.bytes, m.measures.carriage, m.measures.travelled, m.dials};
}

BringData bring_data_of(Migration& m) {
  return {m.move,    m.ports.carrier,  m.observer,       guards(m),           m.checkpoint,
          m.brought, m.measures.bytes, m.measures.pages, m.measures.carriage, m.measures.travelled,
          m.dials};
}

Restore restore(Migration& m) {
  return {m.move,    m.ports.cluster, m.ports.broker,   m.ports.admin,   m.observer,
          guards(m), primary(m),      m.ports.restores, m.ports.carrier, m.checkpoint,
          m.brought, m.living,        m.line,           m.dials,         m.own};
}

OrphanSet orphan(Migration& m) { return {m.move, m.ports.cluster, m.journal, m.operations}; }

StreamSides sides(Migration& m) { return {m.move, m.ports.cluster, m.ports.broker, m.ports.offsets}; }

CompleteCopy complete_copy_of(Migration& m) { return {m.move.plan, m.ports.restores, m.journal, m.observer}; }

CommitPivot commit_pivot(Migration& m) { return {m.move, m.ports.broker, m.journal, still_quiet(m), m.measures}; }

}  // namespace

const Step step::before_quiet = step_of([](Migration& m) { return BeforeQuiet{m.run_hooks}; });
const Step step::after_pivot = step_of([](Migration& m) { return AfterPivot{m.run_hooks}; });
const Step step::take_lease = step_of([](Migration& m) {
  return TakeLease{m.move, m.ports.cluster, m.ports.broker, m.journal};
});
const Step step::declare_queues = step_of([](Migration& m) {
  return DeclareQueues{m.move, m.ports.broker, m.ports.admin, m.journal, m.observer};
});
const Step step::create_target_pod = step_of([](Migration& m) {
  return CreateTargetPod{m.move.plan, m.ports.cluster, m.journal};
});
const Step step::await_target_waiting = step_of([](Migration& m) {
  return AwaitTargetWaiting{m.move, m.ports.cluster, m.observer, m.waiting};
});
const Step step::await_kick_works = step_of([](Migration& m) { return AwaitKickWorks{m.waiting}; });
const Step step::prepare_restore = step_of([](Migration& m) {
  return PrepareRestore{m.move, m.ports.restores, m.journal};
});
const Step step::pre_copy = step_of([](Migration& m) {
  TakeCheckpoint take = take_checkpoint(m);
  take.phase = PreCopy::kPhase;
  return PreCopy{take, m.ports.carrier, m.operations, guards(m), m.precopied, m.dials};
});
const Step step::bind_copy = step_of([](Migration& m) {
  return BindCopy{m.move, m.ports.cluster, m.ports.restores, m.ports.inspector, m.observer, m.waiting};
});
const Step step::bring_data = step_of([](Migration& m) { return bring_data_of(m); });
const Step step::arm_dead_man = step_of([](Migration& m) {
  return ArmDeadMan{m.move, m.ports.broker, m.journal, m.own.dead_man};
});
const Step step::quiesce_source = step_of([](Migration& m) {
  return QuiesceSource{m.move,    m.ports.cluster, m.ports.broker, m.ports.admin, m.journal, m.observer,
                       guards(m), primary(m),      close_valve(m), m.source,      m.line};
});
const Step step::know_source = step_of([](Migration& m) { return KnowSource{process(m), m.source}; });
const Step step::checkpoint = step_of([](Migration& m) {
  return CheckpointQuiet{take_checkpoint(m), m.ports.broker, still_quiet(m)};
});
const Step step::transfer = step_of([](Migration& m) { return transfer_of(m); });
const Step step::restore_on_hold = step_of([](Migration& m) { return RestoreOnHold{restore(m)}; });
const Step step::plan_retirement = step_of([](Migration& m) { return PlanRetirement{m.move, m.journal}; });
const Step step::pivot = step_of([](Migration& m) {
  return Pivot{m.move,          m.ports.cluster, m.ports.broker, m.ports.admin, m.journal, m.observer,
               commit_pivot(m), m.source,        m.waiting,      m.living,      m.times};
});
const Step step::await_memory = step_of([](Migration& m) {
  return AwaitMemory{m.move.plan, m.observer, m.own, m.times, m.measures.lazy_window, complete_copy_of(m)};
});
const Step step::complete_copy = step_of([](Migration& m) { return complete_copy_of(m); });
const Step step::await_target_serving = step_of([](Migration& m) {
  return AwaitTargetServing{m.move.plan, m.ports.cluster, m.ports.broker, m.ports.admin, m.journal,
                            m.own,       m.measures,      m.times,        m.handed};
});

// Shadow.

const Step step::start_relay = step_of([](Migration& m) {
  return StartRelay{m.move, m.ports.broker, m.ports.admin, m.observer, guards(m), m.own.valve, m.own.pump, m.times};
});
const Step step::restore_on_relay = step_of([](Migration& m) { return RestoreOnRelay{restore(m)}; });
const Step step::orphan_set = step_of([](Migration& m) { return orphan(m); });
const Step step::catch_up = step_of([](Migration& m) {
  return CatchUp{m.move,    m.ports.broker, m.ports.admin,           m.observer,
                 guards(m), primary(m),     m.measures.service_rate, m.dials};
});
const Step step::cut_over = step_of([](Migration& m) {
  return CutOver{m.move, m.ports.broker, m.ports.admin, m.observer, guards(m), primary(m), m.measures, m.times};
});

// Where the source goes first.

const Step step::try_creation = step_of([](Migration& m) { return TryCreation{m.move.plan, m.ports.cluster}; });
const Step step::transfer_while_orphaning = step_of([](Migration& m) {
  return WhileOrphaning<Transfer>{orphan(m), transfer_of(m)};
});
const Step step::bring_data_while_orphaning = step_of([](Migration& m) {
  return WhileOrphaning<BringData>{orphan(m), bring_data_of(m)};
});
const Step step::plan_follow_up = step_of([](Migration& m) {
  return PlanFollowUp{m.move, m.ports.cluster, m.journal, m.checkpoint, m.imported, m.brought, m.source};
});
const Step step::disarm = step_of([](Migration& m) { return Disarm{m.observer, commit_pivot(m)}; });
const Step step::swap_under_name = step_of([](Migration& m) {
  return SwapUnderName{m.move, m.journal, m.observer, m.operations};
});
const Step step::serve_under_name = step_of([](Migration& m) {
  return ServeUnderName{m.move, m.journal, m.observer, m.operations, m.own, m.measures.held, m.times};
});

// Without the control protocol.

const Step step::find_connection = step_of([](Migration& m) {
  return FindConnection{m.move, m.ports.admin, m.observer, m.connection};
});
const Step step::drain_source = step_of([](Migration& m) {
  return DrainSource{m.move, m.ports.cluster, m.observer, close_valve(m), undisturbed(m), m.source};
});
const Step step::checkpoint_drained = step_of([](Migration& m) {
  return CheckpointDrained{take_checkpoint(m), undisturbed(m)};
});
const Step step::transfer_staged = step_of([](Migration& m) { return TransferStaged{transfer_of(m)}; });
const Step step::transfer_staged_while_orphaning = step_of([](Migration& m) {
  return WhileOrphaning<TransferStaged>{orphan(m), {transfer_of(m)}};
});
const Step step::freeze_source = step_of([](Migration& m) {
  return FreezeSource{m.move,     m.ports.broker, m.ports.admin,  m.ports.processes, m.journal,
                      m.observer, guards(m),      undisturbed(m), m.source,          m.connection};
});
const Step step::start_copy = step_of([](Migration& m) {
  return StartCopy{m.move,    m.ports.cluster, m.ports.broker, m.ports.images, m.ports.processes, m.ports.restores,
                   m.journal, restore(m),      m.own,          m.source,       m.imported,        m.brought};
});
const Step step::open_valve = step_of([](Migration& m) { return OpenValve{m.own, m.measures.held, m.times}; });

// The published procedure.

const Step step::bind_replay_queue = step_of([](Migration& m) {
  return BindReplayQueue{m.move, m.ports.broker, m.ports.admin, m.journal};
});
const Step step::checkpoint_anywhere = step_of([](Migration& m) { return CheckpointAnywhere{take_checkpoint(m)}; });
const Step step::restore_on_replay = step_of([](Migration& m) { return RestoreOnReplay{restore(m)}; });
const Step step::replay_or_cut_off = step_of([](Migration& m) {
  return ReplayOrCutOff{m.move, m.ports.broker, m.ports.admin, m.observer};
});
const Step step::switch_over = step_of([](Migration& m) {
  return SwitchOver{m.move, m.ports.broker, m.journal, m.times};
});

// Of a stream.

const Step step::rest_source = step_of([](Migration& m) {
  return RestSource{sides(m), m.ports.admin, process(m), m.journal, m.observer, guards(m), m.source, m.measures};
});
const Step step::checkpoint_resting = step_of([](Migration& m) {
  return CheckpointResting{take_checkpoint(m), sides(m), process(m), guards(m), m.source, m.measures};
});
const Step step::source_goes_on = step_of([](Migration& m) {
  return SourceGoesOn{sides(m), m.observer, guards(m), m.times};
});
const Step step::restore_resting = step_of([](Migration& m) {
  return RestoreResting{restore(m), sides(m), m.measures};
});
const Step step::tell_fresh = step_of([](Migration& m) { return TellFresh{sides(m), m.ports.admin, m.observer}; });
const Step step::await_fresh = step_of([](Migration& m) { return AwaitFresh{sides(m), m.observer, m.living}; });
const Step step::follow_stream = step_of([](Migration& m) {
  return FollowStream{sides(m), m.observer, m.living, m.measures, m.dials};
});
const Step step::stop_source = step_of([](Migration& m) {
  return HaltSource{sides(m), m.journal, m.observer, guards(m), m.source, m.measures, m.times, m.dials};
});
const Step step::reach_source = step_of([](Migration& m) {
  return ReachSource{sides(m), m.observer, guards(m), m.living, m.measures};
});
const Step step::pivot_stream =
    step_of([](Migration& m) { return PivotStream{sides(m), m.journal, m.observer, guards(m), m.living, m.measures}; });
const Step step::await_stream_served = step_of([](Migration& m) {
  return AwaitStreamServed{sides(m), m.journal, m.times, m.measures, m.handed};
});

}  // namespace ms2m
