#include "image/store.hpp"

#include <algorithm>

#include "base/files.hpp"

namespace kubelet {
namespace {

bool has_name(const Json& record, const std::string& name) {
  const Json& names = list_at(record, "names");
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_digest(const Json& record, const ImageName& name) {
  const std::string key = "manifest-" + name.digest;
  const Json& keys = list_at(record, "big-data-names");
  if (string_at(record, "digest") != name.digest && std::find(keys.begin(), keys.end(), key) == keys.end())
    return false;
  const Json& names = list_at(record, "names");
  return std::any_of(names.begin(), names.end(),
                     [&](const Json& n) { return repository_of(n.get<std::string>()) == name.repository; });
}

}  // namespace

Json ImageStore::records() const {
  const auto text = read_file(root_ / "overlay-images/images.json");
  Json list = text ? Json::parse(*text, nullptr, false) : Json::array();
  return list.is_array() ? list : Json::array();
}

Image ImageStore::load(const Json& record) const {
  Image image;
  image.id = string_at(record, "id");
  image.digest = string_at(record, "digest");
  image.top_layer = string_at(record, "layer");
  for (const Json& name : list_at(record, "names")) image.names.push_back(name.get<std::string>());
  const fs::path dir = root_ / "overlay-images" / image.id;
  image.manifest = Json::parse(read_file(dir / "manifest").value_or("{}"), nullptr, false);
  const std::string config_digest = string_at(at_or_null(image.manifest, "config"), "digest", "sha256:" + image.id);
  image.config = Json::parse(read_file(dir / ("=" + base64(config_digest))).value_or("{}"), nullptr, false);
  return image;
}

std::optional<Image> ImageStore::by_name(const ImageName& name) const {
  std::vector<std::string> candidates = {name.full()};
  // A short name also means what was built on the node.
  const std::string library = "docker.io/library/";
  if (name.repository.starts_with(library)) candidates.push_back("localhost/" + name.full().substr(library.size()));
  for (const Json& record : records()) {
    const bool match = name.digest.empty() ? std::any_of(candidates.begin(), candidates.end(),
                                                         [&](const std::string& c) { return has_name(record, c); })
                                           : has_digest(record, name);
    if (match) return load(record);
  }
  return std::nullopt;
}

std::optional<Image> ImageStore::by_id(const std::string& id) const {
  for (const Json& record : records()) {
    if (string_at(record, "id") == id) return load(record);
  }
  return std::nullopt;
}

std::string ImageStore::lower_dirs(const Image& image) const {
  const fs::path overlay = root_ / "overlay";
  std::vector<std::string> dirs;
  const auto link = read_file(overlay / image.top_layer / "link");
  dirs.push_back(link ? (overlay / "l" / trimmed(*link)).string() : layer_dir(image).string());
  // The layers below: "l/AAAA:l/BBBB".
  for (const auto& part : split(trimmed(read_file(overlay / image.top_layer / "lower").value_or("")), ':')) {
    dirs.push_back((overlay / part).string());
  }
  std::string joined;
  for (const auto& dir : dirs) joined += (joined.empty() ? "" : ":") + dir;
  return joined;
}

Json ImageStore::summary() const {
  Json list = Json::array();
  for (const Json& record : records()) {
    const Json& names = list_at(record, "names");
    if (names.empty()) continue;
    Json shown = Json::array({repository_of(names[0].get<std::string>()) + "@" + string_at(record, "digest")});
    for (const Json& name : names) shown.push_back(name);
    const Image image = load(record);
    long size = 0;
    for (const Json& layer : list_at(image.manifest, "layers")) size += long_at(layer, "size", 0);
    list.push_back({{"names", shown}, {"sizeBytes", size}});
  }
  return list;
}

}  // namespace kubelet
