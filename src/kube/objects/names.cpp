#include "kube/objects/names.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "kube/objects/object.hpp"

namespace ms2m {

std::string pod_hostname(const Json& pod) {
  const std::string set = pod.at("spec").value("hostnameOverride", pod.at("spec").value("hostname", ""));
  std::string name = set.empty() ? pod.at("metadata").at("name").get<std::string>() : set;
  if (name.size() > 63) {
    name.resize(63);
    while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  }
  return name;
}

std::string restore_mark(const std::string& id, const std::string& container) { return id + "/" + container; }

std::string migration_of(const Json& object) { return label_of(object, kIdLabel); }
std::string template_hash_of(const Json& pod) { return label_of(pod, kTemplateHash); }

std::string name_with_suffix(std::string base, const std::string& suffix) {
  const std::size_t room = 63 - suffix.size() - 1;
  if (base.size() > room) base.resize(room);
  while (!base.empty() && (base.back() == '-' || base.back() == '.')) base.pop_back();
  return base + "-" + suffix;
}

std::string target_pod_name(const Json& source, const std::string& suffix) {
  const Json& metadata = source.at("metadata");
  std::string base = metadata.at("name").get<std::string>();
  if (const auto annotations = metadata.find("annotations"); annotations != metadata.end() && annotations->is_object())
    base = annotations->value(kBaseNameAnnotation, base);
  return name_with_suffix(base, suffix);
}

namespace {

std::string repository_of(std::string image) {
  image.resize(std::min(image.find('@'), image.size()));
  const auto slash = image.rfind('/');
  image.resize(std::min(image.find(':', slash == std::string::npos ? 0 : slash), image.size()));
  return image;
}

/// Whether the first part is a registry's address and not a part of a path.
bool names_registry(const std::string& repository) {
  const auto slash = repository.find('/');
  if (slash == std::string::npos) return false;
  const std::string first = repository.substr(0, slash);
  return first == "localhost" || first.find_first_of(".:") != std::string::npos;
}

}  // namespace

std::string name_in_store(const std::string& image, const std::vector<std::string>& known) {
  const std::string repository = repository_of(image);
  if (names_registry(repository)) return image;
  for (const std::string& name : known) {
    const std::string whole = repository_of(name);
    if (!repository.empty() && names_registry(whole) && whole.ends_with("/" + repository))
      return whole + image.substr(repository.size());
  }
  return "";
}

std::string checkpoint_image_name(const std::string& original, const std::vector<std::string>& known,
                                  const std::string& pod, const std::string& id) {
  const std::string repository = repository_of(original), name = repository + kImageTag + id;
  if (!repository.starts_with("localhost/") && !name_in_store(name, known).empty()) return name;
  return fmt::format("{}{}:{}", kImagePrefix, pod, id);
}

bool is_checkpoint_image_name(const std::string& name) {
  return name.rfind(kImagePrefix, 0) == 0 || name.find(kImageTag) != std::string::npos;
}

std::string staged_image_name(const std::string& image) { return image + "-staged"; }

}  // namespace ms2m
