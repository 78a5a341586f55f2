#include "node/runtime/ctr_output.hpp"

#include <map>
#include <sstream>

#include "base/base64.hpp"
#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m::node {
namespace {

constexpr std::string_view kDigest = "sha256:";
constexpr const char* kMetadata = "io.cri-containerd.container.metadata";

std::string hex_of(const std::string& name) {
  if (!name.starts_with(kDigest)) return "";
  const std::string hex = name.substr(kDigest.size());
  return is_sha256(hex) ? hex : "";
}

/// What is below these names; nullptr: nothing.
const Json* below(const Json& json, std::initializer_list<const char*> names) {
  const Json* at = &json;
  for (const char* name : names) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

}  // namespace

std::vector<StoredImage> images_of_ctr(const std::string& table) {
  std::map<std::string, StoredImage> by_digest;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, type, digest;
    if (!(words >> name >> type >> digest) || hex_of(digest).empty()) continue;  // the heading
    StoredImage& image = by_digest[digest];
    if (const std::string id = hex_of(name); !id.empty())
      image.id = id;
    else
      image.names.push_back(name);
  }
  std::vector<StoredImage> images;
  for (auto& [digest, image] : by_digest)
    if (!image.id.empty()) images.push_back(std::move(image));
  return images;
}

std::string image_of_ctr_container(const std::string& info) {
  const Json container = Json::parse(info, nullptr, false);
  const Json* record = below(container, {"Extensions", kMetadata, "value"});
  if (record == nullptr || !record->is_string()) return "";
  const Json metadata = Json::parse(base64_decode(record->get<std::string>()).value_or(""), nullptr, false);
  const Json* image = below(metadata, {"Metadata", "ImageRef"});
  return image != nullptr && image->is_string() ? hex_of(image->get<std::string>()) : "";
}

}  // namespace ms2m::node
