#include "image/skopeo_store.hpp"

#include <set>
#include <sstream>

#include "image/image_script.hpp"
#include "image/oci_layout.hpp"
#include "image/skopeo_scripts.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {

using image::kNotThere;
using image::run_script;

namespace {

bool not_there(const CommandResult& result) { return result.signal == 0 && result.exit_code == kNotThere; }

/// "@<id>" for an ID (with or without "sha256:"), else the name.
std::string reference(const std::string& name_or_id) {
  const std::string id = name_or_id.starts_with("sha256:") ? name_or_id.substr(7) : name_or_id;
  if (image::is_sha256(id)) return "@" + id;
  image::check_image_name(name_or_id);
  return name_or_id;
}

std::string checked_id(const std::string& id) {
  const std::string ref = reference(id);
  if (ref.front() != '@') throw Error(ErrorKind::usage, "'" + id + "' is not an image ID");
  return ref.substr(1);
}

/// The ID of an image is the digest of its configuration. A name with the digest of a manifest list (as CRI-O reports
/// it for an image that was pulled for several architectures) shows that list, which has no configuration; skopeo
/// chooses from it itself.
std::string id_of(const std::string& manifest, const std::string& config) {
  const auto json = Json::parse(manifest, nullptr, false);
  const auto digest = json.is_object() ? json.value("/config/digest"_json_pointer, "") : "";
  if (digest.starts_with("sha256:")) return digest.substr(7);
  return config.empty() ? "" : posix::Sha256::of(config);
}

std::string user_of(const std::string& config) {
  const auto json = Json::parse(config, nullptr, false);
  const auto user = json.is_object() ? json.find("config") : json.end();
  if (!json.is_object() || user == json.end() || !user->is_object()) return "";
  return user->value("User", "");
}

/// The script's answer: the manifest; then (by podman) the ID and each name in a line of its own; then the
/// configuration, byte for byte.
StoredImage parse_found(const std::string& node, const std::string& ref, const std::string& out) {
  std::istringstream lines(out);
  StoredImage found;
  std::string line;
  std::string manifest;
  while (std::getline(lines, line) && line != kFoundSeparator) manifest += line;
  if (std::getline(lines, line) && line != kFoundSeparator) {
    found.id = line;
    while (std::getline(lines, line) && line != kFoundSeparator)
      if (!line.empty()) found.names.push_back(line);
  }
  const std::string config = lines.good() ? out.substr(static_cast<std::size_t>(lines.tellg())) : "";
  found.user = user_of(config);
  if (ref.front() == '@') {
    found.id = ref.substr(1);
  } else if (found.id.empty()) {
    found.id = id_of(manifest, config);
    if (!image::is_sha256(found.id))
      throw Error(ErrorKind::protocol, "skopeo on node " + node + " shows no config digest for image " + ref);
  }
  if (found.names.empty() && ref.front() != '@') found.names.push_back(ref);
  return found;
}

}  // namespace

std::string SkopeoStore::probe(const std::string& node, const StopToken& stop) {
  const auto result = run_script(shell_, node, kProbeScript, {}, stop);
  if (not_there(result))
    throw Error(ErrorKind::refused, "node " + node + " has no skopeo, which brings the checkpoint into its image store",
                "install the package skopeo on node " + node);
  if (!result.ok()) image::fail("running skopeo", node, result);
  // "skopeo version 1.20.0", with a commit behind it in some builds
  std::istringstream words(result.out);
  std::string name;
  std::string word;
  std::string version;
  words >> name >> word >> version;
  return name + " " + version;
}

std::optional<StoredImage> SkopeoStore::find(const std::string& node, const std::string& name_or_id,
                                             const StopToken& stop) {
  const std::string ref = reference(name_or_id);
  const auto result = run_script(shell_, node, find_script(), {ref}, stop);
  if (not_there(result)) return std::nullopt;
  if (!result.ok()) image::fail("looking for image " + name_or_id, node, result);
  return parse_found(node, ref, result.out);
}

std::optional<std::vector<StoredImage>> SkopeoStore::list(const std::string& node, const StopToken& stop) {
  const auto result =
      run_script(shell_, node, kListScript, {image::kCrioAnnotation, image::kContainerdAnnotation}, stop);
  if (not_there(result)) return std::nullopt;
  if (!result.ok()) image::fail("listing images", node, result);
  std::istringstream lines(result.out);
  std::set<std::string> checkpoints;
  for (std::string line; std::getline(lines, line) && line != kFoundSeparator;)
    if (line.starts_with("checkpoint ")) checkpoints.insert(line.substr(11));
  const Json list = lines.good() ? Json::parse(lines, nullptr, false) : Json();
  if (!list.is_array()) return std::nullopt;
  std::vector<StoredImage> images;
  for (const Json& each : list) {
    const Json names = each.value("names", Json());
    StoredImage stored;
    stored.id = each.value("id", "");
    if (names.is_array()) stored.names = names.get<std::vector<std::string>>();
    stored.checkpoint = checkpoints.count(stored.id) > 0;
    images.push_back(std::move(stored));
  }
  return images;
}

std::string SkopeoStore::import_checkpoint(const std::string& node, const CheckpointImage& image,
                                           const StopToken& stop) {
  image::check_layout_directory(image.directory, layout_root_);
  image::check_image_name(image.name);
  const auto layout = image::make_layout(image);
  const auto result = run_script(shell_, node, kImportScript,
                                 {image.directory, image.name, layout.config_digest, layout.config,
                                  layout.manifest_digest, layout.manifest, layout.index, layout.marker, layout_root_},
                                 stop);
  if (!result.ok()) image::fail("importing image " + image.name, node, result);
  return layout.config_digest;
}

void SkopeoStore::point_name(const std::string& node, const std::string& name, const std::string& id,
                             const StopToken& stop) {
  image::check_image_name(name);
  const auto result = run_script(shell_, node, point_script(), {name, checked_id(id)}, stop);
  if (not_there(result)) throw Error(ErrorKind::not_found, "no image with ID " + id + " on node " + node);
  if (!result.ok()) image::fail("pointing " + name + " at image " + id.substr(0, 12), node, result);
}

bool SkopeoStore::remove_name(const std::string& node, const std::string& name, const StopToken& stop) {
  image::check_image_name(name);
  // The empty image that takes the name over when podman is not there; the name in its config makes its ID its own.
  const auto empty = image::make_empty_layout(name);
  const auto result = run_script(shell_, node, remove_name_script(),
                                 {name, empty.config_digest, empty.config, empty.manifest_digest, empty.manifest,
                                  empty.index, empty.marker, image::kCrioAnnotation},
                                 stop);
  if (not_there(result)) return false;
  if (!result.ok()) image::fail("removing image name " + name, node, result);
  return true;
}

bool SkopeoStore::remove_image(const std::string& node, const std::string& id, const StopToken& stop) {
  const auto result = run_script(shell_, node, remove_image_script(), {checked_id(id)}, stop);
  if (not_there(result)) return false;
  if (!result.ok() && result.err.find("in use by a container") != std::string::npos)
    throw Error(ErrorKind::conflict, "image " + id.substr(0, 12) + " on node " + node + " is in use by a container");
  if (!result.ok()) image::fail("removing image " + id.substr(0, 12), node, result);
  return true;
}

bool SkopeoStore::remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) {
  return image::remove_layout_directory(shell_, node, directory, layout_root_, stop);
}

}  // namespace ms2m
