#include "kube/objects/names.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "base/fields.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

std::string given_name(const Json& pod) {
  std::string name = name_of(pod);
  if (name.empty()) throw Error(ErrorKind::protocol, "the API server told of a pod without a name");
  return name;
}

}  // namespace

std::string pod_hostname(const Json& pod) {
  const Json& spec = object_at(pod, "spec");
  const std::string set = text_at(spec, spec.contains("hostnameOverride") ? "hostnameOverride" : "hostname");
  std::string name = set.empty() ? given_name(pod) : set;
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
  const std::string name = given_name(source);
  const Json& annotations = object_at(object_at(source, "metadata"), "annotations");
  return name_with_suffix(text_at(annotations, kBaseNameAnnotation, name.c_str()), suffix);
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
