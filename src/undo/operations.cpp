// One table for all operations: what is said of them, what a person types instead, and how they run. Their stages are
// in journal/operation.hpp, because journals name them.
#include "undo/operations.hpp"

#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "undo/broker_operations.hpp"
#include "undo/consumer_operations.hpp"
#include "undo/frozen_operations.hpp"
#include "undo/node_operations.hpp"
#include "undo/pod_operations.hpp"
#include "undo/restore_operations.hpp"
#include "undo/scale_operations.hpp"
#include "undo/set_operations.hpp"
#include "undo/stream_operations.hpp"

namespace ms2m {
namespace {

using fmt::format;
using remedy::Command;
using namespace op;

/// No words: the migration's id.
struct Typed {
  Command command;
  std::vector<std::string> words{};
};

/// What carries it out; few have something to say of it afterwards.
template <class Op>
class Run {
 public:
  using Done = void (*)(const Migrator::Ports&, const Op&, const StopToken&);
  using Said = std::string (*)(const Migrator::Ports&, const Op&, const StopToken&);
  constexpr Run(Done done) : done_(done) {}
  constexpr Run(Said said) : said_(said) {}
  std::string operator()(const Migrator::Ports& ports, const Op& o, const StopToken& stop) const {
    if (said_ != nullptr) return said_(ports, o, stop);
    done_(ports, o, stop);
    return "";
  }

 private:
  Done done_ = nullptr;
  Said said_ = nullptr;
};

template <class Op>
struct Row {
  std::string (*words)(const Op&);
  Typed (*typed)(const Op&);
  Run<Op> run;
  Seconds (*patience)(const Op&) = [](const Op&) { return Seconds(0); };
};

// Its steps depend on each other, so ms2m goes on with the whole; or nothing depends on it, and ms2m sweeps it up.
template <class Op>
Typed resume(const Op&) {
  return {Command::resume_migration};
}
template <class Op>
Typed clean_up(const Op&) {
  return {Command::clean_up};
}

void refuse_rename(const Migrator::Ports&, const Rename&, const StopToken&) {
  throw Error(ErrorKind::refused, "only the migration's coordinator can give a copy its source's name");
}

std::string manner(const Exit& exit) { return exit.gently ? ", which ends in its own time" : ""; }

template <class Op>
constexpr Row<Op> kRow = Op::is_without_a_row_in_this_table;

template <>
constexpr Row<ResumeSource> kRow<ResumeSource>{
    [](const auto& o) { return format("send pod {}/{} back to queue {}", o.ns, o.pod, o.queue); }, resume,
    resume_source};
template <>
constexpr Row<ResumeTarget> kRow<ResumeTarget>{
    [](const auto& o) { return "send the target to queue " + o.queue; }, resume, resume_target,
    [](const auto& o) { return o.limit.count() > 0 ? o.limit + Seconds(15) : Seconds(0); }};
template <>
constexpr Row<ResumeStream> kRow<ResumeStream>{
    [](const auto& o) { return format("send pod {}/{} back to stream {}", o.ns, o.pod, o.queue); }, resume,
    resume_stream};
template <>
constexpr Row<ServeStream> kRow<ServeStream>{
    [](const auto& o) { return format("send pod {}/{} on in stream {}", o.ns, o.pod, o.queue); }, resume, serve_stream,
    [](const auto& o) { return o.limit.count() > 0 ? o.limit + Seconds(15) : Seconds(0); }};
template <>
constexpr Row<ThawSource> kRow<ThawSource>{
    [](const auto& o) { return format("thaw pod {}/{}, which consumes {}", o.source.ns, o.source.pod, o.queue); },
    resume, thaw_source};
template <>
constexpr Row<Thaw> kRow<Thaw>{
    [](const auto& o) { return format("thaw pod {}/{} on {}", o.source.ns, o.source.pod, o.source.node); }, resume,
    thaw_at_work};
template <>
constexpr Row<StartCopy> kRow<StartCopy>{
    [](const auto& o) { return format("restore pod {}/{} and see it consume {}", o.ns, o.pod, o.queue); }, resume,
    start_copy};

template <>
constexpr Row<DeletePod> kRow<DeletePod>{[](const auto& o) { return format("delete pod {}/{}", o.ns, o.pod); },
                                         [](const auto& o) {
                                           return Typed{Command::delete_pod, {o.ns, o.pod}};
                                         },
                                         delete_pod};
template <>
constexpr Row<RetirePod> kRow<RetirePod>{
    [](const auto& o) { return format("delete the source pod {}/{}{}", o.ns, o.pod, manner(o.exit)); },
    [](const auto& o) {
      return Typed{Command::delete_pod, {o.ns, o.pod}};
    },
    retire_pod, [](const auto& o) { return o.patience; }};
template <>
constexpr Row<Adopt> kRow<Adopt>{[](const auto& o) {
                                   return format("let the ReplicaSet adopt {} and delete {}{}", o.target_pod,
                                                 o.source_pod,
                                                 o.node.empty() ? manner(o.exit) : ", whose frozen process is killed");
                                 },
                                 [](const auto& o) {
                                   return Typed{Command::let_adopt, {o.ns, o.source_pod, o.target_pod, o.hash}};
                                 },
                                 adopt, [](const auto& o) { return o.patience; }};
template <>
constexpr Row<RestoreCost> kRow<RestoreCost>{
    [](const auto& o) { return format("restore the deletion cost of pod {}/{}", o.ns, o.pod); },
    [](const auto& o) {
      return Typed{Command::restore_cost, {o.ns, o.pod}};
    },
    restore_cost};
template <>
constexpr Row<RetireFrozen> kRow<RetireFrozen>{
    [](const auto& o) {
      return format("delete the frozen source pod {}/{} and kill its process", o.source.ns, o.source.pod);
    },
    resume, retire_frozen};
template <>
constexpr Row<StripMarks> kRow<StripMarks>{
    [](const auto& o) { return format("remove ms2m's label and annotation from pod {}/{}", o.ns, o.pod); },
    [](const auto& o) {
      return Typed{Command::strip_marks, {o.ns, o.pod}};
    },
    strip_marks};

template <>
constexpr Row<DeleteQueue> kRow<DeleteQueue>{
    [](const auto& o) { return "delete queue " + o.queue; },
    // What is in a queue that took messages of the primary must go back first: ms2m does that, a deletion does not.
    [](const auto& o) {
      return o.drained ? resume(o) : Typed{Command::delete_queue, {o.queue}};
    },
    delete_queue};
template <>
constexpr Row<DeleteExchange> kRow<DeleteExchange>{[](const auto& o) { return "delete exchange " + o.exchange; },
                                                   clean_up, delete_exchange};
template <>
constexpr Row<DeleteControlQueue> kRow<DeleteControlQueue>{
    [](const auto& o) { return format("delete control queue {} of pod {}/{}", o.queue, o.ns, o.pod); },
    [](const auto& o) {
      return Typed{Command::delete_queue, {o.queue}};
    },
    delete_control_queue};

template <>
constexpr Row<RemoveArchives> kRow<RemoveArchives>{
    [](const auto& o) { return format("remove the checkpoint archive of {}/{} on {}", o.ns, o.pod, o.node); }, clean_up,
    remove_archives};
template <>
constexpr Row<RemoveArchive> kRow<RemoveArchive>{
    [](const auto& o) { return format("remove {} on {}", o.path, o.node); }, clean_up, remove_archive};
template <>
constexpr Row<RemoveDump> kRow<RemoveDump>{[](const auto& o) { return format("remove dump {} on {}", o.id, o.node); },
                                           clean_up, remove_dump};
template <>
constexpr Row<RemoveLayout> kRow<RemoveLayout>{
    [](const auto& o) { return format("remove {} on {}", o.directory, o.node); }, clean_up, remove_layout};
template <>
constexpr Row<RemoveFromRegistry> kRow<RemoveFromRegistry>{
    [](const auto& o) { return format("remove {} from its registry", o.name); }, clean_up, remove_from_registry};
template <>
constexpr Row<RemoveImageName> kRow<RemoveImageName>{
    [](const auto& o) { return format("remove image {} on {}", o.name, o.node); }, clean_up, remove_image_name};
template <>
constexpr Row<PointImageName> kRow<PointImageName>{
    [](const auto& o) { return format("point {} at the original image on {}", o.name, o.node); }, clean_up,
    point_image_name};
template <>
constexpr Row<RemoveImage> kRow<RemoveImage>{
    [](const auto& o) { return format("remove the checkpoint image {:.12} on {}", o.id, o.node); }, clean_up,
    remove_image};
template <>
constexpr Row<TakeBackRestore> kRow<TakeBackRestore>{
    [](const auto& o) { return format("take restore {} on {} back", o.id, o.node); }, clean_up, take_back_restore};
template <>
constexpr Row<CompleteRestore> kRow<CompleteRestore>{
    [](const auto& o) { return format("let the copy start anew on {}, should it end", o.node); }, resume,
    complete_restore};
template <>
constexpr Row<RemoveRestore> kRow<RemoveRestore>{
    [](const auto& o) { return format("remove the data of restore {} on {}", o.id, o.node); }, clean_up,
    remove_restore};
template <>
constexpr Row<ReleaseLease> kRow<ReleaseLease>{
    [](const auto& o) { return format("release lease {}/{}", o.ns, o.name); },
    [](const auto& o) {
      return Typed{Command::delete_lease, {o.ns, o.name}};
    },
    release_lease};

template <>
constexpr Row<OrphanSet> kRow<OrphanSet>{
    [](const auto& o) { return format("delete statefulset {}/{} and leave its pods", o.ns, o.name); }, resume,
    orphan_set};
template <>
constexpr Row<RemoveSource> kRow<RemoveSource>{
    [](const auto& o) { return format("delete the quiet source pod {}/{}{}", o.ns, o.pod, manner(o.exit)); }, resume,
    remove_source, [](const auto& o) { return o.patience; }};
template <>
constexpr Row<RestorePod> kRow<RestorePod>{
    [](const auto& o) {
      return format("restore pod {} from its checkpoint, whose archive {} on {} holds its only state",
                    name_of(o.object), o.archive, o.node);
    },
    resume, restore_pod};
template <>
constexpr Row<RecreateSet> kRow<RecreateSet>{
    [](const auto& o) { return format("create statefulset {} again", name_of(o.object)); }, resume, recreate_set};
template <>
constexpr Row<Rename> kRow<Rename>{
    [](const auto& o) { return format("let {} take the name {}", o.copy, name_of(o.source)); }, resume, refuse_rename,
    [](const auto&) { return Seconds(900); }};

template <>
constexpr Row<ScaleDown> kRow<ScaleDown>{[](const auto& o) {
                                           return format("scale statefulset {}/{} to {}", o.scaling.ns, o.scaling.set,
                                                         o.scaling.replicas - 1);
                                         },
                                         resume, scale_down};
template <>
constexpr Row<ScaleUp> kRow<ScaleUp>{[](const auto& o) {
                                       return format("scale statefulset {}/{} to {}, which adopts {}", o.scaling.ns,
                                                     o.scaling.set, o.scaling.replicas, o.scaling.pod);
                                     },
                                     resume, scale_up};
template <>
constexpr Row<EndSource> kRow<EndSource>{
    [](const auto& o) { return format("end the quiet source pod {}/{}{}", o.ns, o.pod, o.at_once ? " at once" : ""); },
    resume, end_source};

}  // namespace

Seconds patience(const Operation& operation) {
  return std::visit([]<class Op>(const Op& o) { return kRow<Op>.patience(o); }, operation);
}

std::string describe(const Operation& operation) {
  return std::visit([]<class Op>(const Op& o) { return kRow<Op>.words(o); }, operation);
}

std::string command(const Operation& operation, const Place& place, const std::string& id) {
  const Typed typed = std::visit([]<class Op>(const Op& o) { return kRow<Op>.typed(o); }, operation);
  return remedy::command(typed.command, place, typed.words.empty() ? std::vector{id} : typed.words);
}

std::string Operations::run(const Operation& operation, const StopToken& stop) {
  if (const auto* rename = std::get_if<op::Rename>(&operation); rename != nullptr && rename_) {
    rename_(*rename, stop);
    return "";
  }
  return std::visit([&]<class Op>(const Op& o) { return kRow<Op>.run(ports_, o, stop); }, operation);
}

namespace {

template <class Op>
std::string planned(const Op& o) {
  return kRow<Op>.words(o);
}
std::string planned(const RemoveArchives& o) { return format("remove the checkpoint archive on {}", o.node); }
std::string planned(const RemoveArchive& o) { return format("remove the checkpoint archive on {}", o.node); }
// Where the source goes first they are on its node only if the process had to go back there.
std::string planned(const RemoveImage& o) {
  return format("remove the checkpoint image, if it is there, on {}", o.node);
}
std::string planned(const RemoveLayout& o) { return format("remove {}, if it is there, on {}", o.directory, o.node); }
std::string planned(const RemoveFromRegistry& o) {
  return format("remove {}, if it is there, from its registry", o.name);
}
std::string planned(const PointImageName& o) {
  return format("point {}, if it is there, at the original image on {}", o.name, o.node);
}
std::string planned(const RestorePod& o) {
  return format("restore pod {} on {} from its checkpoint; if that fails, on {}", name_of(o.object), pod_node(o.object),
                o.node);
}
std::string planned(const StartCopy& o) { return format("see that pod {}/{} consumes {}", o.ns, o.pod, o.queue); }
std::string planned(const ServeStream& o) { return format("see that pod {}/{} serves {}", o.ns, o.pod, o.queue); }
std::string planned(const ResumeTarget& o) { return format("see that pod {}/{} consumes {}", o.ns, o.pod, o.queue); }

}  // namespace

std::string planned_words(const Operation& operation) {
  return std::visit([](const auto& o) { return planned(o); }, operation);
}

}  // namespace ms2m
