#include "kube/objects/pod_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/fields.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/network_init.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/travel.hpp"
#include "ms2m/error.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m {
namespace {

bool is_generated_token_volume(const Json& volume) {
  return volume.value("name", "").rfind("kube-api-access-", 0) == 0 && volume.contains("projected");
}

void drop_generated_volume(Json& spec) {
  std::vector<std::string> dropped;
  if (auto volumes = spec.find("volumes"); volumes != spec.end()) {
    Json kept = Json::array();
    for (const Json& volume : *volumes)
      if (is_generated_token_volume(volume))
        dropped.push_back(volume.at("name"));
      else
        kept.push_back(volume);
    *volumes = kept;
    if (kept.empty()) spec.erase("volumes");
  }
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (Json& container : spec[list]) {
      auto mounts = container.find("volumeMounts");
      if (mounts == container.end()) continue;
      Json kept = Json::array();
      for (const Json& mount : *mounts)
        if (std::find(dropped.begin(), dropped.end(), mount.value("name", "")) == dropped.end()) kept.push_back(mount);
      *mounts = kept;
      if (kept.empty()) container.erase("volumeMounts");
    }
  }
}

void drop_init_containers(Json& spec, std::vector<std::string>& notes) {
  auto found = spec.find("initContainers");
  if (found == spec.end()) return;
  Json kept = Json::array();
  for (const Json& container : *found) {
    if (container.value("restartPolicy", "") == "Always") {
      kept.push_back(container);
      notes.push_back(fmt::format("sidecar {} starts afresh on the target", container.value("name", "")));
    } else if (sets_up_network(container)) {
      kept.push_back(container);
      notes.push_back(fmt::format("init container {} runs again: it sets up the pod's network, and the copy's is new",
                                  container.value("name", "")));
    } else {
      notes.push_back(fmt::format("init container {} is dropped: it has run, its result is in the checkpoint",
                                  container.value("name", "")));
    }
  }
  if (kept.empty())
    spec.erase("initContainers");
  else
    *found = kept;
}

/// The API server adds a label's value to the selector beside matchLabelKeys when a pod is created, and refuses one
/// that has it already. What the copy's own labels will bring back is taken out of the source's; what they will not,
/// stays.
void drop_merged_expressions(Json& term, const Json& labels) {
  const auto selector = term.find("labelSelector");
  if (selector == term.end() || !selector->contains("matchExpressions")) return;
  Json& expressions = (*selector)["matchExpressions"];
  for (const auto& [list, op] : {std::pair{"matchLabelKeys", "In"}, std::pair{"mismatchLabelKeys", "NotIn"}})
    for (const Json& key : term.value(list, Json::array())) {
      const Json value = labels.value(key.get<std::string>(), Json());
      if (value.is_null()) continue;
      const Json merged{{"key", key}, {"operator", op}, {"values", Json::array({value})}};
      if (const auto found = std::find(expressions.begin(), expressions.end(), merged); found != expressions.end())
        expressions.erase(found);
    }
  if (expressions.empty()) selector->erase("matchExpressions");
}

void drop_merged_expressions_of_all(Json& spec, const Json& labels) {
  if (spec.contains("topologySpreadConstraints"))
    for (Json& constraint : spec["topologySpreadConstraints"]) drop_merged_expressions(constraint, labels);
  for (const char* kind : {"podAffinity", "podAntiAffinity"}) {
    if (!spec.contains("affinity") || !spec["affinity"].contains(kind)) continue;
    Json& terms = spec["affinity"][kind];
    if (terms.contains("requiredDuringSchedulingIgnoredDuringExecution"))
      for (Json& term : terms["requiredDuringSchedulingIgnoredDuringExecution"]) drop_merged_expressions(term, labels);
    if (terms.contains("preferredDuringSchedulingIgnoredDuringExecution"))
      for (Json& weighted : terms["preferredDuringSchedulingIgnoredDuringExecution"])
        drop_merged_expressions(weighted["podAffinityTerm"], labels);
  }
}

/// Says what it leaves out.
Json travelling(const Json& pod, const char* map, std::vector<std::string>& notes) {
  Json kept = Json::object();
  const Json all = pod.at("metadata").value(map, Json::object());
  std::vector<std::string> left;
  for (const auto& [key, value] : all.items())
    if (travels(key, value, pod))
      kept[key] = value;
    else
      left.push_back(key);
  if (!left.empty())
    notes.push_back(fmt::format("{} that belong to the source alone are left out: {}", map, fmt::join(left, ", ")));
  return kept;
}

Json kept_metadata(const Json& pod, const PodEdits& edits, std::vector<std::string>& notes) {
  const Json& source = pod.at("metadata");
  Json metadata{{"name", edits.name}, {"namespace", source.value("namespace", "default")}};
  Json labels = travelling(pod, "labels", notes);
  for (const auto& label : edits.without_labels) labels.erase(label);
  labels[kIdLabel] = edits.id;
  metadata["labels"] = labels;
  Json annotations = travelling(pod, "annotations", notes);
  const std::string name = source.at("name");
  if (edits.name != name && !annotations.contains(kBaseNameAnnotation)) annotations[kBaseNameAnnotation] = name;
  for (const char* gone :
       {kKickAnnotation, kRestoreAnnotation, kDeletionCost, "kubectl.kubernetes.io/last-applied-configuration"})
    annotations.erase(gone);
  if (edits.image.empty() && !edits.fresh) annotations[kRestoreAnnotation] = restore_mark(edits.id, edits.container);
  if (!annotations.empty()) metadata["annotations"] = annotations;
  return metadata;
}

/// Json::exception: the source is none that an API server can have.
TargetPod edited(const Json& source, const PodEdits& edits) {
  TargetPod target;
  Json spec = source.at("spec");
  drop_generated_volume(spec);
  if (!edits.fresh) drop_init_containers(spec, target.notes);
  spec["nodeName"] = edits.node;
  // Of an earlier move, and what admission made of it. A source with another class cannot be moved by the handler.
  if (spec.value("runtimeClassName", "") == kHandlerName)
    for (const char* field : {"runtimeClassName", "overhead"}) spec.erase(field);
  if (edits.image.empty() && !edits.fresh) spec["runtimeClassName"] = kHandlerName;
  // The scheduler set these two or nobody did; nodeName bypasses it, and ephemeral containers cannot be created.
  spec.erase("ephemeralContainers");
  spec.erase("schedulingGates");
  for (const char* field : {"hostname", "hostnameOverride"}) {
    if (!spec.contains(field) || edits.name == source.at("metadata").at("name")) continue;
    // Both pods live for a while; with one host name they would share one control queue and eat each other's messages.
    spec.erase(field);
    target.notes.push_back(fmt::format("spec.{} is dropped: the copy's host name is its pod name{}", field,
                                       edits.fresh ? "" : " (gethostname() in the process stays)"));
  }
  for (Json& container : spec.at("containers")) {
    if (container.at("name") == edits.container) {
      if (edits.image.empty()) continue;
      container["image"] = edits.image;
      container["imagePullPolicy"] = "Never";
    } else {
      target.notes.push_back(fmt::format("container {} starts afresh on the target", container.value("name", "")));
    }
  }
  const Json metadata = kept_metadata(source, edits, target.notes);
  drop_merged_expressions_of_all(spec, metadata.at("labels"));
  target.pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}};
  return target;
}

Error no_pod(const Json& pod, const Json::exception& cause) {
  return Error(ErrorKind::protocol,
               fmt::format("pod {} is not of the shape that pods have: {}", name_of(pod), cause.what()));
}

}  // namespace

TargetPod make_target_pod(const Json& source, const PodEdits& edits) try {
  return edited(source, edits);
} catch (const Json::exception& cause) {
  throw no_pod(source, cause);
}

namespace {

std::vector<std::string> container_names(const Json& pod) {
  std::vector<std::string> names;
  for (const Json& container : array_at(object_at(pod, "spec"), "containers"))
    names.push_back(text_at(container, "name"));
  return names;
}

}  // namespace

std::optional<std::string> container_meant(const Json& pod, const std::string& wanted) {
  const std::vector<std::string> names = container_names(pod);
  if (wanted.empty() && names.size() == 1) return names.front();
  const Labels annotations = annotations_of(pod);
  const auto marked = annotations.find("kubectl.kubernetes.io/default-container");
  const std::string name = !wanted.empty() ? wanted : marked == annotations.end() ? "" : marked->second;
  if (std::find(names.begin(), names.end(), name) == names.end()) return std::nullopt;
  return name;
}

std::string choose_container(const Json& pod, const std::string& wanted) {
  if (auto meant = container_meant(pod, wanted)) return *meant;
  const std::vector<std::string> names = container_names(pod);
  if (!wanted.empty())
    throw Error(ErrorKind::refused, fmt::format("pod {} has no container {}", name_of(pod), wanted),
                fmt::format("choose one of: {}", fmt::join(names, ", ")));
  throw Error(ErrorKind::refused,
              fmt::format("pod {} has {} containers and none is marked as the default", name_of(pod), names.size()),
              fmt::format("name the one with the state: -c {}", fmt::join(names, " | -c ")));
}

namespace {

void flatten(const Json& value, const std::string& path, std::map<std::string, std::string>& out) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, inner] : value.items()) flatten(inner, path.empty() ? key : path + "." + key, out);
  } else if (value.is_array() && !value.empty()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      // Named list items are compared by name, as a strategic merge patch would.
      const bool named = value[i].is_object() && value[i].contains("name") && value[i]["name"].is_string();
      flatten(value[i], path + "[" + (named ? value[i]["name"].get<std::string>() : std::to_string(i)) + "]", out);
    }
  } else {
    out[path] = value.dump();
  }
}

std::map<std::string, std::string> comparable(const Json& pod) {
  std::map<std::string, std::string> flat;
  const Json& metadata = object_at(pod, "metadata");
  for (const char* key : {"name", "labels", "annotations", "ownerReferences"})
    if (metadata.contains(key)) flatten(metadata.at(key), std::string("metadata.") + key, flat);
  flatten(object_at(pod, "spec"), "spec", flat);
  return flat;
}

}  // namespace

std::vector<std::string> diff_pods(const Json& source, const Json& target) {
  const auto before = comparable(source);
  const auto after = comparable(target);
  std::vector<std::string> lines;
  auto a = before.begin();
  auto b = after.begin();
  while (a != before.end() || b != after.end()) {
    if (b == after.end() || (a != before.end() && a->first < b->first)) {
      lines.push_back("- " + a->first + ": " + a->second);
      ++a;
    } else if (a == before.end() || b->first < a->first) {
      lines.push_back("+ " + b->first + ": " + b->second);
      ++b;
    } else {
      if (a->second != b->second) {
        lines.push_back("- " + a->first + ": " + a->second);
        lines.push_back("+ " + b->first + ": " + b->second);
      }
      ++a;
      ++b;
    }
  }
  return lines;
}

}  // namespace ms2m
