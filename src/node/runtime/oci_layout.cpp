#include "node/runtime/oci_layout.hpp"

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar";

Json descriptor(const char* type, const std::string& digest, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", "sha256:" + digest}, {"size", size}};
}

OciLayout assemble(const Json& config, const Json& layers, const Json& annotations, const std::string& name) {
  OciLayout layout;
  layout.config = config.dump();
  layout.config_digest = posix::Sha256::of(layout.config);
  layout.manifest = Json{
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config", descriptor(kConfigType, layout.config_digest, layout.config.size())},
      {"layers", layers},
      {"annotations",
       annotations}}.dump();
  layout.manifest_digest = posix::Sha256::of(layout.manifest);
  Json entry = descriptor(kManifestType, layout.manifest_digest, layout.manifest.size());
  entry["annotations"] = annotations;
  entry["annotations"]["io.containerd.image.name"] = name;  // the name that `ctr images import` gives it
  layout.index = Json{{"schemaVersion", 2}, {"manifests", Json::array({entry})}}.dump();
  layout.marker = R"({"imageLayoutVersion":"1.0.0"})";
  return layout;
}

}  // namespace

OciLayout make_layout(const CheckpointImage& image) {
  if (!is_sha256(image.sha256)) throw Error(ErrorKind::usage, "'" + image.sha256 + "' is not a SHA-256 digest");
  Json settings = Json::object();
  if (!image.user.empty()) settings["User"] = image.user;
  const Json config{{"architecture", image.architecture},
                    {"os", "linux"},
                    {"config", settings},
                    {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({"sha256:" + image.sha256})}}}};
  const Json annotations{{kCrioAnnotation, image.container}, {kContainerdAnnotation, image.container}};
  return assemble(config, Json::array({descriptor(kLayerType, image.sha256, image.bytes.count)}), annotations,
                  image.name);
}

OciLayout make_empty_layout(const std::string& salt) {
  const Json config{{"architecture", "amd64"},
                    {"os", "linux"},
                    {"config", {{"Labels", {{"ms2m.io/removes", salt}}}}},
                    {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array()}}}};
  return assemble(config, Json::array(), Json::object(), salt);
}

}  // namespace ms2m::node
