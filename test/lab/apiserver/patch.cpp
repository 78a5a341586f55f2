#include "patch.hpp"

#include <algorithm>
#include <map>

#include "status.hpp"

namespace ms2m::lab {

namespace {
// patchMergeKey of the lists that a client changes in practice (k8s.io/api, struct tags).
std::string merge_key(const std::string& field) {
  static const std::map<std::string, std::string> keys{{"containers", "name"},
                                                       {"initContainers", "name"},
                                                       {"ephemeralContainers", "name"},
                                                       {"volumes", "name"},
                                                       {"env", "name"},
                                                       {"volumeMounts", "mountPath"},
                                                       {"ports", "containerPort"},
                                                       {"hostAliases", "ip"},
                                                       {"imagePullSecrets", "name"},
                                                       {"conditions", "type"},
                                                       {"ownerReferences", "uid"},
                                                       {"addresses", "type"},
                                                       {"volumeDevices", "devicePath"},
                                                       {"taints", "key"},
                                                       {"podIPs", "ip"},
                                                       {"hostIPs", "ip"}};
  auto found = keys.find(field);
  return found == keys.end() ? "" : found->second;
}

bool is_list_of_objects(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& item) { return item.is_object(); });
}

void merge_list(Json& target, const Json& patch, const std::string& key, bool strategic);

void merge_object(Json& target, const Json& patch, bool strategic) {
  if (!target.is_object()) target = Json::object();
  if (strategic && text(patch, {"$patch"}) == "replace") {
    target = patch;
    target.erase("$patch");
    return;
  }
  for (const auto& [field, value] : patch.items()) {
    if (field.starts_with("$")) continue;
    if (value.is_null()) {
      target.erase(field);
    } else if (value.is_object()) {
      if (strategic && text(value, {"$patch"}) == "delete")
        target.erase(field);
      else
        merge_object(target[field], value, strategic);
    } else if (strategic && !merge_key(field).empty() && is_list_of_objects(value)) {
      // Service ports merge by "port", not by "containerPort".
      const bool by_port = field == "ports" && !value.empty() && !value[0].contains("containerPort");
      merge_list(target[field], value, by_port ? "port" : merge_key(field), strategic);
    } else if (strategic && field == "finalizers" && value.is_array()) {
      Json& list = target[field];
      if (!list.is_array()) list = Json::array();
      for (const Json& item : value)
        if (std::ranges::find(list, item) == list.end()) list.push_back(item);
    } else {
      target[field] = value;
    }
  }
}

void merge_list(Json& target, const Json& patch, const std::string& key, bool strategic) {
  if (!target.is_array()) target = Json::array();
  for (const Json& item : patch) {
    const std::string directive = text(item, {"$patch"});
    if (directive == "replace") {
      target = Json::array();
      for (const Json& other : patch)
        if (!other.contains("$patch")) target.push_back(other);
      return;
    }
    auto same = std::ranges::find_if(target, [&](const Json& other) {
      return other.contains(key) && item.contains(key) && other[key] == item[key];
    });
    if (directive == "delete") {
      if (same != target.end()) target.erase(same);
    } else if (same != target.end()) {
      merge_object(*same, item, strategic);
    } else {
      Json added;
      merge_object(added, item, strategic);
      target.push_back(std::move(added));
    }
  }
}
}  // namespace

Json merge_patch(Json object, const Json& patch) {
  merge_object(object, patch, false);
  return object;
}

Json strategic_patch(Json object, const Json& patch) {
  merge_object(object, patch, true);
  return object;
}

Json json_patch(const Json& object, const Json& patch) {
  try {
    return object.patch(patch);
  } catch (const Json::parse_error& error) {
    throw bad_request(error.what());
  } catch (const Json::exception&) {
    throw ApiError(422, "Invalid", "the server rejected our request due to an error in our request", Json::object());
  }
}

Json apply_patch(Json object, const Json& patch) {
  Json fields = patch;
  if (fields.contains("metadata")) fields["metadata"].erase("managedFields");
  fields.erase("status");
  merge_object(object, fields, true);
  return object;
}

}  // namespace ms2m::lab
