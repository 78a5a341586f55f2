// The subresources of Writer that are views of another object: scale, binding, eviction.
#include <fmt/format.h>

#include "deletion.hpp"
#include "patch.hpp"
#include "selector.hpp"
#include "writer.hpp"

namespace ms2m::lab {

namespace {
Json scale_of(const Json& object) {
  Json metadata = Json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    metadata[field] = at(object, {"metadata", field});
  Json spec = Json::object();
  if (const auto replicas = number(object, {"spec", "replicas"}); replicas != 0) spec["replicas"] = replicas;
  const LabelSelector selector = LabelSelector::from_spec(at(object, {"spec", "selector"}));
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", metadata},
          {"spec", spec},
          {"status", {{"replicas", number(object, {"status", "replicas"})}, {"selector", selector.str()}}}};
}

Json wanted_scale(const Call& call, const Json& before) {
  if (call.info.verb == "update") return parse_body(call, "Scale");
  const std::string type = call.content_type.substr(0, call.content_type.find(';'));
  const Json patch = Json::parse(call.body, nullptr, false);
  if (patch.is_discarded()) throw bad_request("error decoding patch: it is not JSON");
  if (type == "application/merge-patch+json" || type == "application/strategic-merge-patch+json")
    return merge_patch(before, patch);
  if (type == "application/json-patch+json") return json_patch(before, patch);
  throw unsupported_media_type();
}
}  // namespace

Answer Writer::scale(const Call& call, const ResourceType& type) const {
  if (call.info.verb == "get") return json_answer(200, scale_of(*store_.get(type, call.info.space, call.info.name)));
  if (call.info.verb != "update" && call.info.verb != "patch") throw method_not_allowed();
  const auto apply = [&](Json& object) {
    const Json wanted = wanted_scale(call, scale_of(object));
    const std::string version = text(wanted, {"metadata", "resourceVersion"});
    if (!version.empty() && version != text(object, {"metadata", "resourceVersion"}))
      throw modified_conflict(type.group_resource(), call.info.name);
    const std::int64_t replicas = number(wanted, {"spec", "replicas"});
    if (replicas < 0)
      throw invalid("autoscaling", "Scale", call.info.name,
                    {{"FieldValueInvalid", "spec.replicas",
                      fmt::format("Invalid value: {}: must be greater than or equal to 0", replicas)}});
    object["spec"]["replicas"] = replicas;
  };
  if (!call.dry_run()) return json_answer(200, scale_of(*store_.update(type, call.info.space, call.info.name, apply)));
  Json object = *store_.get(type, call.info.space, call.info.name);
  apply(object);
  return json_answer(200, scale_of(object));
}

Answer Writer::bind(const Call& call) const {
  const Json binding = parse_body(call, "Binding");
  const ResourceType& pods = type_of("pods");
  store_.update(pods, call.info.space, call.info.name, [&](Json& pod) {
    if (!text(pod, {"spec", "nodeName"}).empty())
      throw conflict(
          {"", "pods/binding"}, call.info.name,
          fmt::format("pod {} is already assigned to node \"{}\"", call.info.name, text(pod, {"spec", "nodeName"})));
    pod["spec"]["nodeName"] = text(binding, {"target", "name"});
  });
  Json status = success_status(nullptr);
  status.erase("details");
  status["code"] = 201;
  return json_answer(201, status);
}

Answer Writer::evict(const Call& call) const {
  const Json eviction = parse_body(call, "Eviction");
  const ObjectPtr pod = store_.get(type_of("pods"), call.info.space, call.info.name);
  for (const ObjectPtr& budget : store_.list(type_of("poddisruptionbudgets"), call.info.space).items) {
    const LabelSelector selector = LabelSelector::from_spec(at(*budget, {"spec", "selector"}));
    if (!selector.matches(at(*pod, {"metadata", "labels"})) || number(*budget, {"status", "disruptionsAllowed"}) > 0)
      continue;
    const std::string cause =
        fmt::format("The disruption budget {} needs {} healthy pods and has {} currently", name_of(*budget),
                    number(*budget, {"status", "desiredHealthy"}), number(*budget, {"status", "currentHealthy"}));
    throw ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                   Json{{"causes", {{{"reason", "DisruptionBudget"}, {"message", cause}}}}});
  }
  DeleteOptions options;
  if (at(eviction, {"deleteOptions", "gracePeriodSeconds"}).is_number())
    options.grace_seconds = number(eviction, {"deleteOptions", "gracePeriodSeconds"});
  if (!call.dry_run()) delete_object(store_, type_of("pods"), call.info.space, call.info.name, options);
  Json status = success_status(nullptr);
  status.erase("details");
  status["code"] = 201;
  return json_answer(201, status);
}

}  // namespace ms2m::lab
