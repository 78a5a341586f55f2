#include "controllers/namespaces.hpp"

#include "bootstrap.hpp"
#include "deletion.hpp"

namespace ms2m::lab {

void NamespaceController::observe(const Event& event) {
  if (event.type == &type_of("namespaces")) enqueue({"", name_of(*event.object)});
}

void NamespaceController::sync(const WorkKey& key) {
  const ObjectPtr space = store_.find(type_of("namespaces"), "", key.second);
  if (!space) return;
  if (!is_deleting(*space)) {
    fill_namespace(store_, key.second);
    return;
  }
  bool empty = true;
  for (const ResourceType& type : resource_types()) {
    if (!type.namespaced()) continue;
    for (const ObjectPtr& object : store_.list(type, key.second).items) {
      const Deleted deleted = delete_object(store_, type, key.second, name_of(*object), DeleteOptions::background());
      empty &= deleted.gone;
    }
  }
  if (empty)
    store_.remove(type_of("namespaces"), "", key.second);
  else
    enqueue(key, std::chrono::milliseconds(200));
}

}  // namespace ms2m::lab
