#include "bootstrap.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bootstrap_policy.hpp"
#include "strategy.hpp"

namespace ms2m::lab {

namespace {
const char* const kRootCa = "kube-root-ca.crt";

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void add(Store& store, Json object) {
  const ResourceType* type = find_kind(text(object, {"apiVersion"}), text(object, {"kind"}));
  if (type == nullptr)
    throw std::runtime_error("no kind " + text(object, {"kind"}) + " in version " + text(object, {"apiVersion"}));
  if (type->namespaced() && namespace_of(object).empty()) object["metadata"]["namespace"] = "default";
  prepare_for_create(store, *type, object);
  if (store.find(*type, namespace_of(object), name_of(object))) {
    store.update(*type, namespace_of(object), name_of(object), [&](Json& present) {
      Json replacement = object;
      prepare_for_update(*type, Part::kMain, present, replacement);
      present = std::move(replacement);
    });
    return;
  }
  store.create(*type, object);
  if (type->plural == "namespaces") fill_namespace(store, name_of(object));
}

void add_all(Store& store, const std::string& source) {
  for (const Json& document : parse_documents(source)) {
    if (text(document, {"kind"}) != "List") {
      add(store, document);
      continue;
    }
    for (const Json& item : at(document, {"items"})) add(store, item);
  }
}
}  // namespace

void fill_namespace(Store& store, const std::string& space) {
  if (!store.find(type_of("serviceaccounts"), space, "default"))
    store.create(
        type_of("serviceaccounts"),
        {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "default"}, {"namespace", space}}}});
  const ObjectPtr root = store.find(type_of("configmaps"), "kube-system", kRootCa);
  if (store.find(type_of("configmaps"), space, kRootCa)) return;
  store.create(type_of("configmaps"), {{"apiVersion", "v1"},
                                       {"kind", "ConfigMap"},
                                       {"metadata", {{"name", kRootCa}, {"namespace", space}}},
                                       {"data", root ? at(*root, {"data"}) : Json::object()}});
}

void load_bootstrap_objects(Store& store, const std::string& ca_file) {
  add(store, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "kube-system"}}}});
  store.update(type_of("configmaps"), "kube-system", kRootCa, [&](Json& map) {
    map["data"] = {{"ca.crt", read_file(ca_file)}};
  });
  for (const char* space : {"default", "kube-public", "kube-node-lease"})
    add(store, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", space}}}});
  add_all(store, bootstrap_policy());
}

void load_manifests(Store& store, const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    try {
      add_all(store, read_file(file));
    } catch (const std::exception& error) {
      throw std::runtime_error(file.string() + ": " + error.what());
    }
  }
}

}  // namespace ms2m::lab
