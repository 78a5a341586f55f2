#include "writer.hpp"

#include <fmt/format.h>

#include "bootstrap.hpp"
#include "deletion.hpp"
#include "patch.hpp"
#include "pod_validation.hpp"
#include "strategy.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
void check_fields(const Call& call, const ResourceType& type, Json& object, Answer& answer) {
  if (type.plural != "pods") return;
  const std::string mode = call.param("fieldValidation");
  const std::vector<std::string> unknown = unknown_pod_fields(object, true);
  if (unknown.empty() || mode == "Ignore") return;
  std::string list;
  for (const std::string& field : unknown) {
    list += fmt::format("{}unknown field \"{}\"", list.empty() ? "" : ", ", field);
    answer.headers.emplace_back("Warning", fmt::format("299 - \"unknown field \\\"{}\\\"\"", field));
  }
  if (mode == "Strict")
    throw bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
                                  type.kind, type.version, type.kind, list));
}

void check_identity(const Call& call, const ResourceType& type, Json& object) {
  if (!object["metadata"].is_object()) object["metadata"] = Json::object();
  const std::string space = namespace_of(object);
  if (type.namespaced() && !space.empty() && space != call.info.space)
    throw bad_request("the namespace of the provided object does not match the namespace sent on the request");
  if (type.namespaced()) object["metadata"]["namespace"] = call.info.space;
  const std::string name = name_of(object);
  if (!call.info.name.empty() && name.empty()) object["metadata"]["name"] = call.info.name;
  if (!call.info.name.empty() && !name.empty() && name != call.info.name)
    throw bad_request(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, call.info.name));
}

// What a client may ask of the present object: its resourceVersion and its uid.
void check_conditions(const GroupResource& resource, const Json& before, const Json& wanted) {
  const std::string version = text(wanted, {"metadata", "resourceVersion"});
  const std::string uid = uid_of(wanted);
  if (!uid.empty() && uid != uid_of(before))
    throw conflict(
        resource, name_of(before),
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", uid, uid_of(before)));
  if (!version.empty() && version != text(before, {"metadata", "resourceVersion"}))
    throw modified_conflict(resource, name_of(before));
}

enum class PatchFormat { kMerge, kStrategic, kJson, kApply };

PatchFormat patch_format(const std::string& content_type) {
  const std::string type = content_type.substr(0, content_type.find(';'));
  if (type == "application/merge-patch+json") return PatchFormat::kMerge;
  if (type == "application/strategic-merge-patch+json") return PatchFormat::kStrategic;
  if (type == "application/json-patch+json") return PatchFormat::kJson;
  if (type == "application/apply-patch+yaml") return PatchFormat::kApply;
  throw unsupported_media_type();
}

Json patched(PatchFormat format, const Json& before, const Json& patch) {
  switch (format) {
    case PatchFormat::kMerge:
      return merge_patch(before, patch);
    case PatchFormat::kStrategic:
      return strategic_patch(before, patch);
    case PatchFormat::kJson:
      return json_patch(before, patch);
    default:
      return apply_patch(before, patch);
  }
}

Json parse_patch(const Call& call, PatchFormat format) {
  try {
    if (format != PatchFormat::kApply) return Json::parse(call.body);
    const std::vector<Json> documents = parse_documents(call.body);
    if (documents.size() == 1) return documents[0];
  } catch (const std::exception& error) {
    throw bad_request(std::string("error decoding patch: ") + error.what());
  }
  throw bad_request("error decoding patch: it has to be one document");
}

DeleteOptions parse_delete_options(const Call& call) {
  DeleteOptions options;
  const Json body = call.body.empty() ? Json::object() : parse_body(call, "DeleteOptions");
  if (at(body, {"gracePeriodSeconds"}).is_number()) options.grace_seconds = number(body, {"gracePeriodSeconds"});
  if (!call.param("gracePeriodSeconds").empty()) options.grace_seconds = std::stoll(call.param("gracePeriodSeconds"));
  options.propagation = text(body, {"propagationPolicy"}, call.param("propagationPolicy"));
  options.uid = text(body, {"preconditions", "uid"});
  options.resource_version = text(body, {"preconditions", "resourceVersion"});
  return options;
}

bool returns_deleted_object(const ResourceType& type) {
  return type.plural == "pods" || type.plural == "services" || type.plural == "serviceaccounts";
}
}  // namespace

Json success_status(const Json& details) {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", details}};
}

Json parse_body(const Call& call, const std::string& kind) {
  const std::string excerpt = call.body.size() > 30 ? call.body.substr(0, 30) + " ..." : call.body;
  const bool yaml = call.content_type.find("yaml") != std::string::npos;
  Json object;
  try {
    object = yaml ? parse_documents(call.body).at(0) : Json::parse(call.body);
  } catch (const Json::parse_error& error) {
    const bool cut = error.byte > call.body.size();
    throw bad_request(
        fmt::format("the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse "
                    "error: {} ({})",
                    kind, cut ? "unexpected end of JSON input" : "invalid character", excerpt));
  } catch (const std::exception& error) {
    throw bad_request(error.what());
  }
  if (!object.is_object()) throw bad_request("the object provided is unrecognized (must be of type " + kind + ")");
  const std::string given = text(object, {"kind"});
  if (!given.empty() && given != kind)
    throw bad_request(
        fmt::format("{} in version \"{}\" cannot be handled as a {}: converting ({}) to ({}): unknown conversion",
                    given, text(object, {"apiVersion"}), kind, given, kind));
  return object;
}

Answer Writer::create(const Call& call, const ResourceType& type) const {
  Answer extra;
  Json object = parse_body(call, type.kind);
  check_fields(call, type, object, extra);
  check_identity(call, type, object);
  if (!text(object, {"metadata", "resourceVersion"}).empty())
    throw ApiError(500, "", "resourceVersion should not be set on objects to be created");
  prepare_for_create(store_, type, object);
  if (call.dry_run()) {
    if (store_.find(type, namespace_of(object), name_of(object)))
      throw already_exists(type.group_resource(), name_of(object));
    object["metadata"]["uid"] = random_uuid();
    object["metadata"]["creationTimestamp"] = rfc3339_now();
    if (type.has_generation) object["metadata"]["generation"] = 1;
  } else {
    object = *store_.create(type, std::move(object));
    if (type.plural == "namespaces") fill_namespace(store_, name_of(object));
  }
  Answer answer = json_answer(201, object);
  answer.headers = std::move(extra.headers);
  return answer;
}

Answer Writer::change(const Call& call, const ResourceType& type, const Wanted& wanted) const {
  const Part part = call.info.subresource == "status" ? Part::kStatus : Part::kMain;
  const auto apply = [&](Json& object) {
    Json after = wanted(object);
    check_identity(call, type, after);
    check_conditions(type.group_resource(), object, after);
    prepare_for_update(type, part, object, after);
    object = std::move(after);
  };
  if (!call.dry_run()) return json_answer(200, *store_.update(type, call.info.space, call.info.name, apply));
  Json object = *store_.get(type, call.info.space, call.info.name);
  apply(object);
  return json_answer(200, object);
}

Answer Writer::update(const Call& call, const ResourceType& type) const {
  Answer extra;
  Json object = parse_body(call, type.kind);
  check_fields(call, type, object, extra);
  return change(call, type, [&](const Json&) { return object; });
}

Answer Writer::patch(const Call& call, const ResourceType& type) const {
  const PatchFormat format = patch_format(call.content_type);
  const Json patch = parse_patch(call, format);
  if (format == PatchFormat::kApply) {
    if (call.param("fieldManager").empty())
      throw invalid("meta.k8s.io", "PatchOptions", "",
                    {{"FieldValueRequired", "fieldManager", "Required value: is required for apply patch"}});
    if (!store_.find(type, call.info.space, call.info.name)) {
      Call creation = call;
      creation.body = patch.dump();
      creation.content_type = "application/json";
      return create(creation, type);
    }
  }
  return change(call, type, [&](const Json& before) { return patched(format, before, patch); });
}

Answer Writer::remove(const Call& call, const ResourceType& type) const {
  const DeleteOptions options = parse_delete_options(call);
  const std::string& space = call.info.space;
  if (call.dry_run()) return json_answer(200, *store_.get(type, space, call.info.name));
  const Deleted deleted = delete_object(store_, type, space, call.info.name, options);
  if (!deleted.gone || returns_deleted_object(type)) return json_answer(200, *deleted.object);
  Json details = details_for(type.group_resource(), call.info.name);
  details["uid"] = uid_of(*deleted.object);
  return json_answer(200, success_status(details));
}

}  // namespace ms2m::lab
