#include "node/runtime/storage_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/base64.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {
namespace {

using posix::UniqueFd;

/// nullopt: it cannot be read.
std::optional<std::string> content(const std::string& path) {
  try {
    return posix::read_file(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A text among a storage.conf's settings; "": it is not there.
std::string setting_in(const std::string& text, const std::string& key) {
  std::string value;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto name = line.find_first_not_of(" \t");
    const auto open = line.find('"'), close = line.rfind('"');
    if (name == std::string::npos || line.compare(name, key.size(), key) != 0 || open == close) continue;
    const auto equals = line.find_first_not_of(" \t", name + key.size());
    if (equals != std::string::npos && line[equals] == '=' && equals < open)
      value = line.substr(open + 1, close - open - 1);
  }
  return value;
}

Json parsed(const std::string& path) {
  const auto text = content(path);
  return text ? Json::parse(*text, nullptr, false) : Json();
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& member(const Json& object, const char* name) {
  static const Json none;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

/// Of the last storage.conf that there is.
std::string store_setting(const std::string& system, const std::string& key) {
  std::string value;
  const char* own = std::getenv("CONTAINERS_STORAGE_CONF");
  for (const std::string& path : {system + "/usr/share/containers/storage.conf",
                                  system + "/etc/containers/storage.conf", std::string(own != nullptr ? own : "")})
    if (const auto text = path.empty() ? std::nullopt : content(path)) value = setting_in(*text, key);
  return value;
}

/// What an overlay store has left behind says nothing of one of another driver.
bool is_overlay(const std::string& system) {
  const std::string driver = store_setting(system, "driver");
  return driver.empty() || driver == "overlay";
}

std::string image_directory(const std::string& system) { return store_directory(system) + "/overlay-images"; }

std::vector<std::string> names_of(const Json& image) {
  std::vector<std::string> texts;
  const Json& all = member(image, "names");
  for (const Json& name : all.is_array() ? all : Json::array())
    if (name.is_string()) texts.push_back(name.get<std::string>());
  return texts;
}

/// A name without its tag and its digest.
std::string repository(const std::string& name) {
  const std::string bare = name.substr(0, name.find('@'));
  const auto colon = bare.rfind(':');
  return colon == std::string::npos || bare.find('/', colon) != std::string::npos ? bare : bare.substr(0, colon);
}

/// Of its manifest, or of the list by which it was pulled.
bool has_digest(const Json& image, const std::string& digest) {
  if (text_of(image, "digest") == digest) return true;
  for (const auto& [key, value] : member(image, "big-data-digests").items())
    if (key.starts_with("manifest") && value == digest) return true;
  return false;
}

bool is_meant(const Json& image, const std::string& reference) {
  if (reference.starts_with('@')) return text_of(image, "id") == reference.substr(1);
  const auto names = names_of(image);
  if (std::find(names.begin(), names.end(), reference) != names.end()) return true;
  const auto at = reference.find('@');
  if (at == std::string::npos || !has_digest(image, reference.substr(at + 1))) return false;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return repository(name) == repository(reference); });
}

void write_file(int directory, const std::string& name, const std::string& bytes) {
  if (::unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT) posix::throw_errno(name);
  const UniqueFd fd(::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) posix::throw_errno(name);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto wrote = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno != EINTR) posix::throw_errno(name);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

UniqueFd part_of(int layout, const char* name) {
  UniqueFd fd = open_directory_in(layout, name);
  if (!fd) throw Error(ErrorKind::failed, std::string("the layout has no ") + name);
  return fd;
}

}  // namespace

std::string store_directory(const std::string& system) {
  const std::string root = store_setting(system, "graphroot");
  return root.empty() ? system + "/var/lib/containers/storage" : root;
}

std::optional<std::vector<StoredImage>> images_in_store(const std::string& system, const StopToken& stop) {
  const std::string directory = image_directory(system);
  const Json list = parsed(directory + "/images.json");
  if (!list.is_array()) return std::nullopt;
  std::vector<StoredImage> images;
  for (const Json& each : list) {
    stop.check("listing images");
    StoredImage stored;
    stored.id = text_of(each, "id");
    stored.names = names_of(each);
    const std::string manifest =
        is_sha256(stored.id) ? content(directory + "/" + stored.id + "/manifest").value_or("") : "";
    for (const char* annotation : {kCrioAnnotation, kContainerdAnnotation})
      stored.checkpoint |= manifest.find(annotation) != std::string::npos;
    images.push_back(std::move(stored));
  }
  return images;
}

std::optional<ImageFiles> image_in_store(const std::string& system, const std::string& reference,
                                         const StopToken& stop) {
  const std::string directory = image_directory(system);
  const Json list = parsed(directory + "/images.json");
  stop.check("looking for image " + reference);
  if (!is_overlay(system)) return std::nullopt;
  const Json* found = nullptr;
  if (list.is_array())
    for (const Json& each : list) {
      if (!is_meant(each, reference)) continue;
      if (found != nullptr) return std::nullopt;  // by a digest that several have
      found = &each;
    }
  if (found == nullptr) return std::nullopt;
  ImageFiles files;
  files.image.id = text_of(*found, "id");
  if (!is_sha256(files.image.id)) return std::nullopt;
  for (std::string& name : names_of(*found))
    if (name.find('@') == std::string::npos) files.image.names.push_back(std::move(name));
  const std::string own = directory + "/" + files.image.id + "/";
  files.manifest = content(own + "manifest").value_or("");
  const std::string digest = config_digest(files.manifest);
  const auto config = content(own + "=" + base64_encode(digest));
  if (!config || "sha256:" + posix::Sha256::of(*config) != digest) return std::nullopt;
  files.image.user = user_of(*config);
  return files;
}

std::string config_digest(const std::string& manifest) {
  return text_of(member(Json::parse(manifest, nullptr, false), "config"), "digest");
}

std::string user_of(const std::string& config) {
  return text_of(member(Json::parse(config, nullptr, false), "config"), "User");
}

std::optional<BegunImport> begun_import(const std::string& layout) {
  const auto digest_in = [](const Json& descriptor) {
    const std::string digest = text_of(descriptor, "digest");
    return digest.starts_with("sha256:") && is_sha256(digest.substr(7)) ? digest.substr(7) : "";
  };
  const auto only = [](const Json& list) { return list.is_array() && list.size() == 1 ? list.front() : Json(); };
  const Json entry = only(member(parsed(layout + "/index.json"), "manifests"));
  const std::string manifest_digest = digest_in(entry);
  if (manifest_digest.empty()) return std::nullopt;
  const Json manifest = parsed(layout + "/blobs/sha256/" + manifest_digest);
  const BegunImport begun{text_of(member(entry, "annotations"), "io.containerd.image.name"),
                          digest_in(member(manifest, "config")), digest_in(only(member(manifest, "layers")))};
  return begun.name.empty() || begun.id.empty() || begun.layer.empty() ? std::nullopt : std::optional(begun);
}

HalfImported half_imported(const std::string& system, const BegunImport& begun) {
  const auto record = [](const Json& list, const std::string& id) {
    for (const Json& each : list.is_array() ? list : Json::array())
      if (text_of(each, "id") == id) return each;
    return Json();
  };
  const Json image = record(parsed(image_directory(system) + "/images.json"), begun.id);
  if (image.is_object()) return member(image, "names").empty() ? HalfImported::nameless_image : HalfImported::nothing;
  const Json layer = record(parsed(store_directory(system) + "/overlay-layers/layers.json"), begun.layer);
  if (!layer.is_object()) return HalfImported::nothing;
  return member(member(layer, "flags"), "incomplete") == true ? HalfImported::unpacking : HalfImported::layer;
}

std::string image_of_container(const std::string& system, const std::string& container_id) {
  const Json list = parsed(store_directory(system) + "/overlay-containers/containers.json");
  if (!list.is_array()) return "";
  for (const Json& each : list)
    if (text_of(each, "id") == container_id && is_sha256(text_of(each, "image"))) return text_of(each, "image");
  return "";
}

void write_layout_files(int directory, const OciLayout& layout) {
  const UniqueFd blobs = part_of(directory, "blobs");
  const UniqueFd digests = part_of(blobs.get(), "sha256");
  write_file(digests.get(), layout.config_digest, layout.config);
  write_file(digests.get(), layout.manifest_digest, layout.manifest);
  write_file(directory, "index.json", layout.index);
  write_file(directory, "oci-layout", layout.marker);
}

void write_layout_files(const std::string& directory, const OciLayout& layout) {
  posix::make_private_directories(std::filesystem::path(directory) / "blobs" / "sha256");
  const UniqueFd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) posix::throw_errno(directory);
  write_layout_files(opened.get(), layout);
}

}  // namespace ms2m::node
