#include "controllers/statefulset_revisions.hpp"

#include <algorithm>

#include "controllers/pods.hpp"
#include "selector.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& revision_type() { return type_of("controllerrevisions"); }

std::vector<ObjectPtr> claim_revisions(Store& store, const Json& set) {
  const LabelSelector selector = LabelSelector::from_spec(at(set, {"spec", "selector"}));
  std::vector<ObjectPtr> claimed;
  for (ObjectPtr revision : store.list(revision_type(), namespace_of(set)).items) {
    const Json& controller = controller_of(*revision);
    if (!controller.is_null() && text(controller, {"uid"}) != uid_of(set)) continue;
    if (controller.is_null()) {
      if (is_deleting(set) || !selector.matches(at(*revision, {"metadata", "labels"}))) continue;
      revision = store.update(revision_type(), namespace_of(set), name_of(*revision), [&](Json& object) {
        object["metadata"]["ownerReferences"].push_back(owner_reference(type_of("statefulsets"), set));
      });
    }
    claimed.push_back(revision);
  }
  std::ranges::sort(claimed, {}, [](const ObjectPtr& revision) { return number(*revision, {"revision"}); });
  return claimed;
}

ObjectPtr create_revision(Store& store, const Json& set, const Json& pod_template, std::int64_t revision) {
  const std::string hash = safe_hash(pod_template.dump());
  Json labels = at(set, {"spec", "template", "metadata", "labels"});
  labels["controller.kubernetes.io/hash"] = hash;
  return store.create(revision_type(),
                      {{"apiVersion", "apps/v1"},
                       {"kind", "ControllerRevision"},
                       {"metadata",
                        {{"name", name_of(set) + "-" + hash},
                         {"namespace", namespace_of(set)},
                         {"labels", labels},
                         {"ownerReferences", Json::array({owner_reference(type_of("statefulsets"), set)})}}},
                       {"data", {{"spec", {{"template", pod_template}}}}},
                       {"revision", revision}});
}

Json template_in(const Json& revision) {
  Json pod_template = at(revision, {"data", "spec", "template"});
  pod_template.erase("$patch");
  return pod_template;
}
}  // namespace

Revisions revisions_of(Store& store, const Json& set) {
  const std::vector<ObjectPtr> known = claim_revisions(store, set);
  const Json& wanted = at(set, {"spec", "template"});
  const std::int64_t newest = known.empty() ? 0 : number(*known.back(), {"revision"});
  ObjectPtr update;
  for (const ObjectPtr& revision : known)
    if (template_in(*revision) == wanted) update = revision;
  if (!update) {
    Json stored = wanted;
    stored["$patch"] = "replace";
    update = create_revision(store, set, stored, newest + 1);
  } else if (number(*update, {"revision"}) != newest) {  // back to an older template
    update = store.update(revision_type(), namespace_of(set), name_of(*update),
                          [&](Json& object) { object["revision"] = newest + 1; });
  }
  Revisions result{name_of(*update), name_of(*update), wanted};
  const std::string recorded = text(set, {"status", "currentRevision"});
  for (const ObjectPtr& revision : known) {
    if (name_of(*revision) != recorded) continue;
    result.current = recorded;
    result.current_template = template_in(*revision);
  }
  return result;
}

}  // namespace ms2m::lab
