#include "node/handler/bundle.hpp"

#include "ms2m/error.hpp"
#include "ms2m/node_restore.hpp"
#include "node/protocol/checks.hpp"
#include "node/protocol/json_text.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

struct Names {
  const char *type, *ns, *pod, *uid, *container, *image;
};
constexpr Names kCrio{"io.kubernetes.cri-o.ContainerType",
                      "io.kubernetes.pod.namespace",
                      "io.kubernetes.pod.name",
                      "io.kubernetes.pod.uid",
                      "io.kubernetes.container.name",
                      "io.kubernetes.cri-o.ImageRef"};
constexpr Names kContainerd{"io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-namespace",
                            "io.kubernetes.cri.sandbox-name",   "io.kubernetes.cri.sandbox-uid",
                            "io.kubernetes.cri.container-name", nullptr};

Error refused(const std::string& why) { return Error(ErrorKind::refused, why); }

/// A text below these names; "": there is none.
std::string text_at(const Json& json, std::initializer_list<const char*> names) {
  const Json* at = &json;
  for (const char* name : names) {
    if (!at->is_object()) return "";
    const auto found = at->find(name);
    if (found == at->end()) return "";
    at = &*found;
  }
  return at->is_string() ? at->get<std::string>() : "";
}

std::string annotation(const Json& config, const char* name) {
  return name == nullptr ? "" : text_at(config, {"annotations", name});
}

}  // namespace

std::optional<Bundle> parse_bundle(const std::string& config, const std::string& directory) {
  // Nearly every container has it not, and is not to wait for a parser. Go writes '/' as it is.
  if (config.find(kRestoreAnnotation) == std::string::npos) return std::nullopt;
  Json json;
  try {
    json = parse_object(config);
  } catch (const Error& error) {
    throw refused("the bundle's config.json: " + error.message());
  }
  const std::string value = annotation(json, kRestoreAnnotation);
  if (value.empty()) return std::nullopt;
  const Names& names = annotation(json, kCrio.type).empty() ? kContainerd : kCrio;
  const std::string type = annotation(json, names.type);
  if (type == "sandbox") return std::nullopt;
  if (type != "container") throw refused("the bundle has " + std::string(kRestoreAnnotation) + ", but is no kubelet's");
  const auto slash = value.find('/');
  Bundle bundle;
  bundle.id = value.substr(0, slash);
  bundle.asking.container = annotation(json, names.container);
  try {
    check_restore_id(bundle.id);
    check_object_name(slash == std::string::npos ? "" : value.substr(slash + 1));
  } catch (const Error&) {
    throw refused("the annotation " + std::string(kRestoreAnnotation) + " is not ID/CONTAINER");
  }
  if (bundle.asking.container != value.substr(slash + 1)) return std::nullopt;
  bundle.asking.ns = annotation(json, names.ns);
  bundle.asking.pod = annotation(json, names.pod);
  bundle.asking.uid = annotation(json, names.uid);
  bundle.asking.image_id = annotation(json, names.image);
  if (names.image != nullptr && bundle.asking.image_id.empty())
    throw refused("the bundle does not tell the ID of its image");
  bundle.root = text_at(json, {"root", "path"});
  if (bundle.root.empty()) throw refused("the bundle has no root file system");
  if (!bundle.root.starts_with('/')) bundle.root = directory + "/" + bundle.root;
  bundle.process_label = text_at(json, {"process", "selinuxLabel"});
  bundle.mount_label = text_at(json, {"linux", "mountLabel"});
  return bundle;
}

std::optional<Bundle> read_bundle(const std::string& directory) {
  const auto config = read_text(directory + "/config.json");
  return config ? parse_bundle(*config, directory) : std::nullopt;
}

}  // namespace ms2m::node
