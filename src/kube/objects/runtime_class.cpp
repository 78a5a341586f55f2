#include "kube/objects/runtime_class.hpp"

#include <algorithm>
#include <sstream>

#include "base/fields.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m {
namespace {

constexpr const char* kNodes = "ms2m.io/nodes";  // annotation: names, with spaces between
constexpr const char* kManagedBy = "app.kubernetes.io/managed-by";
constexpr const char* kPartOf = "app.kubernetes.io/part-of";

std::string joined(const std::vector<std::string>& nodes) {
  std::string text;
  for (const std::string& node : nodes) text += (text.empty() ? "" : " ") + node;
  return text;
}

}  // namespace

RuntimeClass parse_runtime_class(const Json& object) {
  const Json& metadata = object_at(object, "metadata");
  RuntimeClass found;
  found.uid = text_at(metadata, "uid");
  found.handler = text_at(object, "handler");
  found.ours = text_at(object_at(metadata, "labels"), kManagedBy) == kHandlerName && found.handler == kHandlerName;
  found.of_agents = text_at(object_at(metadata, "labels"), kPartOf) == "ms2m-agent";
  std::istringstream names(text_at(object_at(metadata, "annotations"), kNodes));
  for (std::string name; names >> name;) found.nodes.push_back(name);
  std::sort(found.nodes.begin(), found.nodes.end());
  return found;
}

Json make_runtime_class(const std::vector<std::string>& nodes) {
  return {
      {"metadata",
       {{"name", kHandlerName}, {"labels", {{kManagedBy, kHandlerName}}}, {"annotations", {{kNodes, joined(nodes)}}}}},
      {"handler", kHandlerName}};
}

Json with_nodes(Json object, const std::vector<std::string>& nodes) {
  object.merge_patch({{"metadata", {{"annotations", {{kNodes, joined(nodes)}}}}}});
  return object;
}

std::string runtime_class_of(const Json& pod) { return text_at(object_at(pod, "spec"), "runtimeClassName"); }

}  // namespace ms2m
