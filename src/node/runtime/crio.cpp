#include "node/runtime/crio.hpp"

#include <fcntl.h>

#include <sstream>

#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/oci_layout.hpp"
#include "node/runtime/storage_files.hpp"
#include "wrap/posix/directory_lock.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {
namespace {

const std::string kStore = "containers-storage:";

/// The ID of an image is the digest of its configuration. A name with the digest of a manifest list (as CRI-O reports
/// it for an image that was pulled for several architectures) shows that list, which has no configuration; skopeo
/// chooses from it itself.
std::string id_of(const std::string& manifest, const std::string& config) {
  const std::string digest = config_digest(manifest);
  if (digest.starts_with("sha256:")) return digest.substr(7);
  return config.empty() ? "" : posix::Sha256::of(config);
}

bool well(const std::optional<posix::RunResult>& result) { return result && result->ok(); }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Migrations that end together sweep the same names: one takes a name away, the next finds none. Two at once would
/// each find it half gone, and leave a nameless image. nullopt: the store is where only its tools know.
std::optional<posix::DirectoryLock> lock_names(const std::string& system, const StopToken& stop) {
  const posix::UniqueFd store(::open(store_directory(system).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!store) return std::nullopt;
  return std::optional<posix::DirectoryLock>(std::in_place, store.get(), "the image store", std::chrono::seconds(60),
                                             stop);
}

}  // namespace

std::string CrioRuntime::base_image(const std::string& container_id) const {
  return image_of_container(place_.system, container_id);
}

posix::RunResult CrioRuntime::skopeo(const std::vector<std::string>& args, const StopToken& stop,
                                     const Environment& environment) const {
  std::vector<std::string> argv{"skopeo"};
  argv.insert(argv.end(), args.begin(), args.end());
  if (auto result = run_tool(argv, stop, environment)) return std::move(*result);
  throw Error(ErrorKind::refused,
              "node " + place_.node + " has no skopeo, which brings the checkpoint into its image store",
              "install the package skopeo on node " + place_.node);
}

std::string CrioRuntime::probe(const StopToken& stop) const {
  const auto result = skopeo({"--version"}, stop);
  if (!result.ok()) throw tool_error("running skopeo", place_.node, result);
  // "skopeo version 1.20.0", with a commit behind it in some builds
  std::istringstream words(result.out);
  std::string name, word, version;
  words >> name >> word >> version;
  return name + " " + version;
}

/// Most are in the files that tell of the store; skopeo is asked where they tell of none. Texts of skopeo 1.9 to 1.20.
std::optional<std::string> CrioRuntime::manifest(const std::string& reference, const std::string& doing,
                                                 const StopToken& stop) const {
  if (auto files = image_in_store(place_.system, reference, stop)) return std::move(files->manifest);
  auto result = skopeo({"inspect", "--raw", kStore + reference}, stop);
  if (result.ok()) return std::move(result.out);
  for (const char* text : {"does not resolve to an image ID", "image not known", "identifier is not an image"})
    if (result.err.find(text) != std::string::npos) return std::nullopt;
  throw tool_error(doing, place_.node, result);
}

std::optional<StoredImage> CrioRuntime::find(const std::string& reference, const StopToken& stop) const {
  const bool by_id = reference.front() == '@';
  const std::string bare = by_id ? reference.substr(1) : reference;
  if (auto files = image_in_store(place_.system, reference, stop)) return std::move(files->image);
  const auto shown = manifest(reference, "looking for image " + bare, stop);
  if (!shown) return std::nullopt;
  StoredImage found;
  constexpr const char* kNames = "{{.Id}}{{range .RepoTags}}{{\"\\n\"}}{{.}}{{end}}";
  const auto podman = run_tool({"podman", "image", "inspect", "--format", kNames, "--", bare}, stop);
  if (well(podman)) {
    std::istringstream lines(podman->out);
    std::getline(lines, found.id);
    for (std::string name; std::getline(lines, name);)
      if (!name.empty()) found.names.push_back(name);
  }
  const auto config = skopeo({"inspect", "--config", "--raw", kStore + reference}, stop);
  found.user = user_of(config.out);
  if (by_id) {
    found.id = bare;
  } else if (found.id.empty()) {
    found.id = id_of(*shown, config.ok() ? config.out : "");
    if (!is_sha256(found.id))
      throw Error(ErrorKind::protocol, "skopeo on node " + place_.node + " shows no config digest for image " + bare);
  }
  if (found.names.empty() && !by_id) found.names.push_back(reference);
  return found;
}

std::optional<std::vector<StoredImage>> CrioRuntime::list(const StopToken& stop) const {
  return images_in_store(place_.system, stop);
}

std::string CrioRuntime::import_checkpoint(int layout, const CheckpointImage& image, const StopToken& stop) const {
  const auto parts = make_layout(image);
  write_layout_files(layout, parts);
  const std::string doing = "importing image " + image.name;
  const std::string digest = image.directory + "/digest";
  // --insecure-policy: the image is our own, made a moment ago; a policy.json of the node can only refuse it or be
  // missing. TMPDIR: skopeo's copy of the layer goes where there was room for it, and is removed with the layout after
  // a crash.
  const auto copied =
      skopeo({"copy", "-q", "--insecure-policy", "--digestfile", digest, "oci:" + image.directory, kStore + image.name},
             stop, {{"TMPDIR", image.directory}});
  if (!copied.ok()) throw tool_error(doing, place_.node, copied);
  if (first_line(posix::read_file(digest)) != "sha256:" + parts.manifest_digest)
    throw Error(ErrorKind::failed, doing + " on node " + place_.node + ": skopeo changed the image's manifest");
  return parts.config_digest;
}

/// A tool that is killed between layer, image and name leaves what nobody looks for. No tool removes a layer alone: it
/// goes with its image, which is made for that.
void CrioRuntime::take_back_import(const std::string& directory, const StopToken& stop) const {
  const auto begun = begun_import(directory);
  const HalfImported half = begun ? half_imported(place_.system, *begun) : HalfImported::nothing;
  if (half == HalfImported::nothing) return;
  const std::string doing = "taking back the import of image " + begun->name;
  if (half == HalfImported::unpacking) return replace_and_remove(begun->name, doing, stop);  // writes to the store
  if (half == HalfImported::layer) {
    const auto copied = skopeo({"copy", "-q", "--insecure-policy", "oci:" + directory, kStore + begun->name}, stop,
                               {{"TMPDIR", directory}});
    if (!copied.ok()) throw tool_error(doing, place_.node, copied);
  }
  const auto removed = skopeo({"delete", kStore + "@" + begun->id}, stop);
  if (!removed.ok()) throw tool_error(doing, place_.node, removed);
}

void CrioRuntime::point_name(const std::string& name, const std::string& id, const StopToken& stop) const {
  const std::string doing = "pointing " + name + " at image " + id.substr(0, 12);
  const auto want = manifest("@" + id, doing, stop);
  if (!want) throw Error(ErrorKind::not_found, "no image with ID " + id + " on node " + place_.node);
  if (!well(run_tool({"podman", "tag", "--", id, name}, stop)) &&
      !well(run_tool({"buildah", "tag", "--", id, name}, stop))) {
    const auto copied = skopeo({"copy", "-q", "--insecure-policy", kStore + "@" + id, kStore + name}, stop);
    if (!copied.ok()) throw tool_error(doing, place_.node, copied);
  }
  // Afterwards the name must lead to the same configuration as the ID does, whoever changed it.
  const auto got = manifest(name, doing, stop);
  if (!got || config_digest(*got) != config_digest(*want))
    throw Error(ErrorKind::failed, doing + " on node " + place_.node + ": " + name + " has another image afterwards");
}

/// ID and how many names, by podman where the store's files do not tell. nullopt: it is not there.
std::optional<CrioRuntime::Named> CrioRuntime::named(const std::string& reference, const StopToken& stop) const {
  if (const auto files = image_in_store(place_.system, reference, stop))
    return Named{files->image.id, files->image.names.size()};
  const std::string bare = reference.front() == '@' ? reference.substr(1) : reference;
  const auto said = run_tool({"podman", "image", "inspect", "--format", "{{.Id}} {{len .RepoTags}}", "--", bare}, stop);
  if (!well(said)) return std::nullopt;
  std::istringstream words(said->out);
  Named named;
  return words >> named.id >> named.names ? std::optional(named) : std::nullopt;
}

/// By podman. False: it is not there, or did not do it; somebody else may have (the kubelet, an operator).
bool CrioRuntime::untag(const std::string& name, const StopToken& stop) const {
  const auto image = named(name, stop);
  if (!image || !well(run_tool({"podman", "untag", "--", name, name}, stop))) return false;
  if (const auto left = named("@" + image->id, stop); left && left->names == 0)
    run_tool({"podman", "rmi", "--", image->id}, stop);  // not when it is used
  return true;
}

bool CrioRuntime::remove_name(const std::string& name, const StopToken& stop) const {
  const std::string doing = "removing image name " + name;
  const auto mine = lock_names(place_.system, stop);
  const auto shown = manifest(name, doing, stop);
  if (!shown) return false;
  if (untag(name, stop) || !manifest(name, doing, stop)) return true;
  if (shown->find(kCrioAnnotation) != std::string::npos && skopeo({"delete", kStore + name}, stop).ok()) return true;
  replace_and_remove(name, doing, stop);
  return true;
}

/// The name by an empty image, whose ID is its own by the name in its configuration, and that image.
void CrioRuntime::replace_and_remove(const std::string& name, const std::string& doing, const StopToken& stop) const {
  const posix::TempDir directory;
  write_layout_files(directory.path().string(), make_empty_layout(name));
  for (const auto& args :
       {std::vector<std::string>{"copy", "-q", "--insecure-policy", "oci:" + directory.path().string(), kStore + name},
        std::vector<std::string>{"delete", kStore + name}}) {
    const auto result = skopeo(args, stop);
    if (!result.ok()) throw tool_error(doing, place_.node, result);
  }
}

bool CrioRuntime::remove_image(const std::string& id, const StopToken& stop) const {
  const std::string doing = "removing image " + id.substr(0, 12);
  if (!manifest("@" + id, doing, stop)) return false;
  const auto result = skopeo({"delete", kStore + "@" + id}, stop);
  if (!result.ok() && result.err.find("in use by a container") != std::string::npos)
    throw Error(ErrorKind::conflict,
                "image " + id.substr(0, 12) + " on node " + place_.node + " is in use by a container");
  if (!result.ok()) throw tool_error(doing, place_.node, result);
  return true;
}

}  // namespace ms2m::node
