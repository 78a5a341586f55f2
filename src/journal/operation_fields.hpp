// The fields of every operation in a record, for both directions: `f.always(key, field, ...)`: a record without them is
// damaged; `f.if_any(...)`: left out where they say nothing. An operation without its list does not compile.
#pragma once
#include "journal/operation.hpp"

namespace ms2m {

template <class F>
void fields(op::ResumeSource& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid, "control", o.control_queue, "queue", o.queue);
  f.if_any("hold", o.hold_queue, "relay", o.relay_queue, "others", o.others, "copy", o.copy, "addresses", o.addresses);
}
template <class F>
void fields(op::ResumeTarget& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "control", o.control_queue, "queue", o.queue, "message", o.message);
  f.if_any("others", o.others, "strangers", o.strangers, "container", o.container, "instance", o.instance);
  f.if_any("copy_addresses", o.copy_addresses, "only_that_instance", o.only_that_instance, "serve_s", o.limit);
}
template <class F>
void fields(op::ResumeStream& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid, "control", o.control_queue, "queue", o.queue, "copy", o.copy);
  f.if_any("hold", o.hold);
}
template <class F>
void fields(op::ServeStream& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "control", o.control_queue, "queue", o.queue, "message", o.message);
  f.if_any("serve_s", o.limit, "silent", o.silent, "container", o.container, "instance", o.instance);
}
template <class F>
void fields(op::Frozen& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid, "node", o.node, "frozen", o.container);
}
template <class F>
void fields(op::ThawSource& o, F& f) {
  fields(o.source, f);
  f.always("queue", o.queue, "copy", o.copy, "id", o.id);
  f.if_any("others", o.others);
}
template <class F>
void fields(op::Thaw& o, F& f) {
  fields(o.source, f);
}
template <class F>
void fields(op::StartCopy& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "id", o.id, "container", o.container, "queue", o.queue);
  f.always("node", o.node, "image", o.image, "checkpoint", o.checkpoint);
  f.if_any("data", o.data);
}
template <class F>
void fields(op::DeletePod& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "id", o.id);
}
template <class F>
void fields(op::Exit& o, F& f) {
  f.if_any("still", o.container, "gently", o.gently);
}
template <class F>
void fields(op::RetirePod& o, F& f) {
  fields(o.exit, f);
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid, "target", o.target);
  f.if_any("hold", o.hold, "limit_s", o.patience);
}
template <class F>
void fields(op::Adopt& o, F& f) {
  fields(o.exit, f);
  f.always("ns", o.ns, "source", o.source_pod, "uid", o.source_uid, "target", o.target_pod, "hash", o.hash);
  f.if_any("cost", o.source_cost, "limit_s", o.patience, "node", o.node, "frozen", o.frozen, "hold", o.hold);
}
template <class F>
void fields(op::RestoreCost& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid);
  f.if_any("cost", o.cost);
}
template <class F>
void fields(op::RetireFrozen& o, F& f) {
  fields(o.source, f);
}
template <class F>
void fields(op::StripMarks& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod);
}
template <class F>
void fields(op::DeleteQueue& o, F& f) {
  f.always("queue", o.queue);
  f.if_any("drained", o.drained, "ns", o.ns, "pod", o.pod, "uid", o.uid, "primary", o.primary, "tee", o.tee);
}
template <class F>
void fields(op::DeleteExchange& o, F& f) {
  f.always("exchange", o.exchange);
}
template <class F>
void fields(op::DeleteControlQueue& o, F& f) {
  f.always("queue", o.queue, "ns", o.ns, "pod", o.pod);
  f.if_any("uid", o.uid);
}
template <class F>
void fields(op::RemoveArchives& o, F& f) {
  f.always("node", o.node, "ns", o.ns, "pod", o.pod, "container", o.container);
  f.if_any("directory", o.directory, "keep", o.keep, "asked", o.asked, "container_id", o.container_id);
}
template <class F>
void fields(op::RemoveArchive& o, F& f) {
  f.always("node", o.node, "path", o.path);
}
template <class F>
void fields(op::RemoveDump& o, F& f) {
  f.always("node", o.node, "id", o.id);
}
template <class F>
void fields(op::RemoveLayout& o, F& f) {
  f.always("node", o.node, "directory", o.directory);
}
template <class F>
void fields(op::RemoveFromRegistry& o, F& f) {
  f.always("node", o.node, "name", o.name);
}
template <class F>
void fields(op::RemoveImageName& o, F& f) {  // and its stage
  f.always("node", o.node, "name", o.name);
}
template <class F>
void fields(op::PointImageName& o, F& f) {
  f.always("node", o.node, "name", o.name, "original", o.original_id, "ns", o.ns, "pod", o.pod);
}
template <class F>
void fields(op::RemoveImage& o, F& f) {
  f.always("node", o.node, "id", o.id);
}
template <class F>
void fields(op::TakeBackRestore& o, F& f) {
  f.always("node", o.node, "id", o.id);
}
template <class F>
void fields(op::CompleteRestore& o, F& f) {
  f.always("node", o.node, "id", o.id);
  f.if_any("ns", o.ns, "pod", o.pod, "memory_follows", o.memory_follows);
}
template <class F>
void fields(op::RemoveRestore& o, F& f) {
  f.always("node", o.node, "id", o.id);
}
template <class F>
void fields(op::ReleaseLease& o, F& f) {
  f.always("ns", o.ns, "name", o.name, "holder", o.holder);
}
template <class F>
void fields(op::OrphanSet& o, F& f) {
  f.always("ns", o.ns, "name", o.name, "uid", o.uid);
}
template <class F>
void fields(op::RemoveSource& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "uid", o.uid, "hold", o.hold_queue);
  f.if_any("target", o.target, "limit_s", o.patience);
  fields(o.exit, f);
}
template <class F>
void fields(op::RestorePod& o, F& f) {
  f.always("object", o.object, "hold", o.hold_queue, "control", o.control_queue, "container", o.container);
  f.always("node", o.node, "archive", o.archive, "directory", o.directory, "image", o.image);
  f.always("architecture", o.architecture, "user", o.user);
  f.if_any("data", o.data, "image_id", o.image_id);
}
template <class F>
void fields(op::RecreateSet& o, F& f) {
  f.always("object", o.object, "pod", o.pod);
}
template <class F>
void fields(op::Rename& o, F& f) {
  f.always("id", o.id, "ns", o.ns, "copy", o.copy, "node", o.node, "container", o.container, "queue", o.queue);
  f.always("source", o.source, "settings", o.settings);
}
template <class F>
void fields(op::Scaling& o, F& f) {
  f.always("ns", o.ns, "set", o.set, "set_uid", o.set_uid, "replicas", o.replicas);
  f.always("pod", o.pod, "pod_uid", o.pod_uid, "image", o.image);
}
template <class F>
void fields(op::ScaleDown& o, F& f) {
  fields(o.scaling, f);
}
template <class F>
void fields(op::ScaleUp& o, F& f) {
  fields(o.scaling, f);
  f.always("labels", o.labels);
}
template <class F>
void fields(op::EndSource& o, F& f) {
  f.always("ns", o.ns, "pod", o.pod, "pod_uid", o.uid, "image", o.image, "hold", o.hold_queue);
  f.always("grace", o.grace_seconds, "delete", o.delete_pod);
  f.if_any("at_once", o.at_once, "still", o.container);
}

}  // namespace ms2m
