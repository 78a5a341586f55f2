#include "undo/operations.hpp"

#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace op {

Json resume_source(const Source& s) {
  return {{"op", "resume_source"}, {"prio", 20},           {"ns", s.ns},
          {"pod", s.pod},          {"uid", s.uid},         {"control", s.control_queue},
          {"queue", s.queue},      {"hold", s.hold_queue}, {"relay", s.relay_queue},
          {"others", s.others},    {"copy", s.copy},       {"addresses", s.addresses}};
}
Json resume_target(const Target& t, const std::string& message) {
  Json operation{{"op", "resume_target"}, {"prio", 10},         {"ns", t.ns},
                 {"pod", t.pod},          {"queue", t.queue},   {"control", t.control_queue},
                 {"message", message},    {"others", t.others}, {"strangers", t.strangers}};
  if (!t.container.empty())
    operation.update({{"container", t.container},
                      {"instance", t.instance},
                      {"copy_addresses", t.copy_addresses},
                      {"only_that_instance", t.only_that_instance}});
  if (t.limit.count() > 0) operation.update({{"serve_s", t.limit.count()}, {"limit_s", t.limit.count() + 15}});
  return operation;
}
Json delete_pod(const std::string& ns, const std::string& pod, const std::string& id) {
  return {{"op", "delete_pod"}, {"prio", 30}, {"ns", ns}, {"pod", pod}, {"id", id}};
}
Json retire_pod(const std::string& ns, const std::string& pod, const std::string& uid, const std::string& target,
                const std::string& hold) {
  return {{"op", "retire_pod"}, {"prio", 20},       {"ns", ns},    {"pod", pod},
          {"uid", uid},         {"target", target}, {"hold", hold}};
}
Json adopt(const Adoption& a) {
  return {{"op", "adopt"},          {"prio", 20},           {"ns", a.ns},
          {"source", a.source_pod}, {"uid", a.source_uid},  {"hash", a.hash},
          {"target", a.target_pod}, {"cost", a.source_cost}};
}
Json restore_cost(const Adoption& a) {
  return {{"op", "restore_cost"}, {"prio", 40},          {"ns", a.ns},
          {"pod", a.source_pod},  {"uid", a.source_uid}, {"cost", a.source_cost}};
}
Json retire_frozen(const Frozen& s) {
  return {{"op", "retire_frozen"}, {"prio", 20},     {"ns", s.ns},           {"pod", s.pod},
          {"uid", s.uid},          {"node", s.node}, {"frozen", s.container}};
}
Json adopt_from_frozen(const Adoption& adoption, const Frozen& s) {
  Json operation = adopt(adoption);
  operation["node"] = s.node;
  operation["frozen"] = s.container;
  return operation;
}
Json thaw_source(const Frozen& s, const std::string& queue, std::uint64_t others, const std::string& copy,
                 const std::string& id) {
  return {
      {"op", "thaw_source"},   {"prio", 20},     {"ns", s.ns},       {"pod", s.pod}, {"uid", s.uid}, {"node", s.node},
      {"frozen", s.container}, {"queue", queue}, {"others", others}, {"copy", copy}, {"id", id}};
}
Json start_copy(const Copy& c) {
  return {{"op", "start_copy"}, {"prio", 4},        {"ns", c.ns},
          {"pod", c.pod},       {"id", c.id},       {"container", c.container},
          {"node", c.node},     {"image", c.image}, {"checkpoint", c.checkpoint},
          {"queue", c.queue}};
}
Json strip_marks(const std::string& ns, const std::string& pod) {
  return {{"op", "strip_marks"}, {"prio", 40}, {"ns", ns}, {"pod", pod}};
}
Json delete_queue(const std::string& queue) { return {{"op", "delete_queue"}, {"prio", 50}, {"queue", queue}}; }
Json delete_drained_queue(const std::string& queue) {
  return {{"op", "delete_queue"}, {"prio", 50}, {"queue", queue}, {"drained", true}};
}
Json delete_exchange(const std::string& exchange) {
  return {{"op", "delete_exchange"}, {"prio", 51}, {"exchange", exchange}};
}
Json delete_control_queue(const std::string& queue, const std::string& ns, const std::string& pod,
                          const std::string& uid) {
  return {{"op", "delete_control_queue"}, {"prio", 52}, {"queue", queue}, {"ns", ns}, {"pod", pod}, {"uid", uid}};
}
Json remove_archives(const Asked& a) {
  Json operation{{"op", "remove_archives"},  {"prio", 60},    {"node", a.node},
                 {"directory", a.directory}, {"ns", a.ns},    {"pod", a.pod},
                 {"container", a.container}, {"keep", a.keep}};
  if (a.asked) operation["asked"] = *a.asked;
  return operation;
}
Json remove_archive(const std::string& node, const std::string& path) {
  return {{"op", "remove_archive"}, {"prio", 60}, {"node", node}, {"path", path}};
}
Json remove_layout(const std::string& node, const std::string& directory) {
  return {{"op", "remove_layout"}, {"prio", 60}, {"node", node}, {"directory", directory}};
}
Json remove_image_name(const std::string& node, const std::string& name) {
  return {{"op", "remove_image_name"}, {"prio", 61}, {"node", node}, {"name", name}};
}
Json remove_staged_name(const std::string& node, const std::string& name) {
  return {{"op", "remove_image_name"}, {"prio", 63}, {"node", node}, {"name", name}};
}
Json remove_image(const std::string& node, const std::string& id) {
  return {{"op", "remove_image"}, {"prio", 62}, {"node", node}, {"id", id}};
}
Json settle_image(const std::string& node, const std::string& name, const std::string& original_id,
                  const std::string& ns, const std::string& pod) {
  return {{"op", "settle_image"},    {"prio", 61}, {"node", node}, {"name", name},
          {"original", original_id}, {"ns", ns},   {"pod", pod}};
}
Json release_lease(const std::string& ns, const std::string& name, const std::string& holder) {
  return {{"op", "release_lease"}, {"prio", 90}, {"ns", ns}, {"name", name}, {"holder", holder}};
}

Json orphan_set(const std::string& ns, const std::string& name, const std::string& uid) {
  return {{"op", "orphan_set"}, {"prio", 4}, {"ns", ns}, {"name", name}, {"uid", uid}};
}
Json remove_source(const std::string& ns, const std::string& pod, const std::string& uid,
                   const std::string& hold_queue) {
  return {{"op", "remove_source"}, {"prio", 5}, {"ns", ns}, {"pod", pod}, {"uid", uid}, {"hold", hold_queue}};
}
Json restore_pod(const Json& pod, const std::string& hold_queue, const Fallback& f) {
  return {{"op", "restore_pod"},
          {"prio", 6},
          {"object", pod},
          {"hold", hold_queue},
          {"node", f.node},
          {"archive", f.archive},
          {"directory", f.directory},
          {"image", f.image},
          {"container", f.container},
          {"architecture", f.architecture},
          {"user", f.user},
          {"control", f.control_queue}};
}
Json recreate_set(const Json& set, const std::string& pod) {
  // After the consumers: should it fail, they are at work.
  return {{"op", "recreate_set"}, {"prio", 21}, {"object", set}, {"pod", pod}};
}
Json take_identity(const Identity& i) {
  return {
      {"op", "take_identity"}, {"prio", 20},     {"limit_s", 900},           {"id", i.id},       {"ns", i.ns},
      {"copy", i.copy},        {"node", i.node}, {"container", i.container}, {"queue", i.queue}, {"source", i.source},
      {"settings", i.settings}};
}

namespace {
Json scale(const char* name, int priority, const Scaling& s) {
  return {{"op", name},   {"prio", priority},     {"ns", s.ns},
          {"set", s.set}, {"set_uid", s.set_uid}, {"replicas", s.replicas},
          {"pod", s.pod}, {"pod_uid", s.pod_uid}, {"image", s.image}};
}
}  // namespace

Json scale_down(const Scaling& scaling) { return scale("scale_down", 4, scaling); }
Json scale_up(const Scaling& scaling, const Json& labels) {
  Json operation = scale("scale_up", 20, scaling);
  operation["labels"] = labels;
  return operation;
}
Json end_source(const Ending& e) {
  return {{"op", "end_source"},    {"prio", 5},        {"ns", e.ns},           {"pod", e.pod},
          {"pod_uid", e.uid},      {"image", e.image}, {"hold", e.hold_queue}, {"grace", e.grace_seconds},
          {"delete", e.delete_pod}};
}

}  // namespace op

int priority(const Json& operation) { return operation.value("prio", 50); }
Seconds patience(const Json& operation) { return Seconds(operation.value("limit_s", 0.0)); }
std::string text(const Json& operation, const char* key) { return operation.value(key, ""); }

namespace {

struct Words {
  const char* op;
  std::string (*describe)(const Json&);
  remedy::Command command;
  std::vector<const char*> keys;  ///< of what goes into it; none: the migration's id
};

using remedy::Command;

/// One table for the two texts of every operation.
const std::vector<Words>& all_words() {
  static const std::vector<Words> table{
      {"resume_source",
       [](const Json& o) {
         return fmt::format("send pod {}/{} back to queue {}", text(o, "ns"), text(o, "pod"), text(o, "queue"));
       },
       Command::resume_migration,
       {}},
      {"resume_target",
       [](const Json& o) { return fmt::format("send the target to queue {}", text(o, "queue")); },
       Command::resume_migration,
       {}},
      {"delete_pod",
       [](const Json& o) { return fmt::format("delete pod {}/{}", text(o, "ns"), text(o, "pod")); },
       Command::delete_pod,
       {"ns", "pod"}},
      {"retire_pod",
       [](const Json& o) { return fmt::format("delete the source pod {}/{}", text(o, "ns"), text(o, "pod")); },
       Command::delete_pod,
       {"ns", "pod"}},
      {"adopt",
       [](const Json& o) {
         return fmt::format("let the ReplicaSet adopt {} and delete {}", text(o, "target"), text(o, "source"));
       },
       Command::let_adopt,
       {"ns", "source", "target", "hash"}},
      {"retire_frozen",
       [](const Json& o) { return fmt::format("delete the frozen source pod {}/{}", text(o, "ns"), text(o, "pod")); },
       Command::resume_migration,
       {}},
      {"thaw_source",
       [](const Json& o) {
         return fmt::format("thaw pod {}/{}, which consumes {}", text(o, "ns"), text(o, "pod"), text(o, "queue"));
       },
       Command::resume_migration,
       {}},
      {"start_copy",
       [](const Json& o) {
         return fmt::format("restore pod {}/{} and see it consume {}", text(o, "ns"), text(o, "pod"), text(o, "queue"));
       },
       Command::resume_migration,
       {}},
      {"restore_cost",
       [](const Json& o) {
         return fmt::format("restore the deletion cost of pod {}/{}", text(o, "ns"), text(o, "pod"));
       },
       Command::restore_cost,
       {"ns", "pod"}},
      {"strip_marks",
       [](const Json& o) {
         return fmt::format("remove ms2m's label and annotation from pod {}/{}", text(o, "ns"), text(o, "pod"));
       },
       Command::strip_marks,
       {"ns", "pod"}},
      {"delete_queue",
       [](const Json& o) { return "delete queue " + text(o, "queue"); },
       Command::delete_queue,
       {"queue"}},
      {"delete_exchange",
       [](const Json& o) { return "delete exchange " + text(o, "exchange"); },
       Command::clean_up,
       {}},
      {"delete_control_queue",
       [](const Json& o) { return "delete the source's control queue " + text(o, "queue"); },
       Command::delete_queue,
       {"queue"}},
      {"remove_archives",
       [](const Json& o) {
         return fmt::format("remove the checkpoint archive of {}/{} on {}", text(o, "ns"), text(o, "pod"),
                            text(o, "node"));
       },
       Command::clean_up,
       {}},
      {"remove_archive",
       [](const Json& o) { return fmt::format("remove {} on {}", text(o, "path"), text(o, "node")); },
       Command::clean_up,
       {}},
      {"remove_layout",
       [](const Json& o) { return fmt::format("remove {} on {}", text(o, "directory"), text(o, "node")); },
       Command::clean_up,
       {}},
      {"remove_image_name",
       [](const Json& o) { return fmt::format("remove image {} on {}", text(o, "name"), text(o, "node")); },
       Command::clean_up,
       {}},
      {"settle_image",
       [](const Json& o) {
         return fmt::format("point {} at the original image on {}", text(o, "name"), text(o, "node"));
       },
       Command::clean_up,
       {}},
      {"remove_image",
       [](const Json& o) {
         return fmt::format("remove the checkpoint image {:.12} on {}", text(o, "id"), text(o, "node"));
       },
       Command::clean_up,
       {}},
      {"orphan_set",
       [](const Json& o) {
         return fmt::format("delete statefulset {}/{} and leave its pods", text(o, "ns"), text(o, "name"));
       },
       Command::resume_migration,
       {}},
      {"remove_source",
       [](const Json& o) { return fmt::format("delete the quiet source pod {}/{}", text(o, "ns"), text(o, "pod")); },
       Command::resume_migration,
       {}},
      {"restore_pod",
       [](const Json& o) {
         return fmt::format("restore pod {} from its checkpoint, whose archive {} on {} holds its only state",
                            o.at("object").at("metadata").value("name", ""), text(o, "archive"), text(o, "node"));
       },
       Command::resume_migration,
       {}},
      {"recreate_set",
       [](const Json& o) { return "create statefulset " + o.at("object").at("metadata").value("name", "") + " again"; },
       Command::resume_migration,
       {}},
      {"take_identity",
       [](const Json& o) {
         return fmt::format("let {} take the name {}", text(o, "copy"),
                            o.at("source").at("metadata").value("name", ""));
       },
       Command::resume_migration,
       {}},
      {"scale_down",
       [](const Json& o) {
         return fmt::format("scale statefulset {}/{} to {}", text(o, "ns"), text(o, "set"), o.value("replicas", 1) - 1);
       },
       Command::resume_migration,
       {}},
      {"end_source",
       [](const Json& o) { return fmt::format("end the quiet source pod {}/{}", text(o, "ns"), text(o, "pod")); },
       Command::resume_migration,
       {}},
      {"scale_up",
       [](const Json& o) {
         return fmt::format("scale statefulset {}/{} to {}, which adopts {}", text(o, "ns"), text(o, "set"),
                            o.value("replicas", 1), text(o, "pod"));
       },
       Command::resume_migration,
       {}},
      {"release_lease",
       [](const Json& o) { return fmt::format("release lease {}/{}", text(o, "ns"), text(o, "name")); },
       Command::delete_lease,
       {"ns", "name"}},
  };
  return table;
}

const Words* words_of(const Json& operation) {
  const std::string name = operation.value("op", "");
  for (const Words& words : all_words())
    if (name == words.op) return &words;
  return nullptr;
}

}  // namespace

std::string describe(const Json& operation) {
  const Words* words = words_of(operation);
  return words != nullptr ? words->describe(operation) : "unknown operation " + operation.value("op", "");
}

std::string command(const Json& operation, const Place& place, const std::string& id) {
  const Words* words = words_of(operation);
  // What is in a queue that took messages of the primary must go back first: ms2m does that, a deletion does not.
  if (words == nullptr || words->keys.empty() || operation.value("drained", false))
    return remedy::command(
        words == nullptr || words->command != Command::clean_up ? Command::resume_migration : Command::clean_up, place,
        {id});
  std::vector<std::string> filled;
  for (const char* key : words->keys) filled.push_back(text(operation, key));
  return remedy::command(words->command, place, filled);
}

}  // namespace ms2m
