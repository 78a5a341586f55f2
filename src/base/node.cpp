#include "ms2m/node.hpp"

#include <algorithm>

namespace ms2m {

std::string to_string(const Checkpoint& checkpoint) {
  if (const auto* archive = std::get_if<KubeletArchive>(&checkpoint)) return archive->path;
  return "dump " + std::get<RuntimeDump>(checkpoint).id;
}

std::string bare_container_id(const std::string& container) {
  const auto at = container.find("://");
  const std::string id = at == std::string::npos ? container : container.substr(at + 3);
  const bool hex =
      std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex && id.size() >= 12 && id.size() <= 64 ? id : "";
}

}  // namespace ms2m
