#include "kube/objects/container.hpp"

#include <algorithm>

#include "base/fields.hpp"

namespace ms2m {
namespace {

std::vector<Mount> mounts_in(const Json& container) {
  std::vector<Mount> mounts;
  for (const Json& mount : array_at(container, "volumeMounts"))
    mounts.push_back({text_at(mount, "name"), text_at(mount, "mountPath"), text_at(mount, "subPathExpr")});
  return mounts;
}

std::vector<Variable> environment_in(const Json& container) {
  std::vector<Variable> all;
  for (const Json& each : array_at(container, "env")) {
    const Json& from = object_at(each, "valueFrom");
    Variable variable{text_at(each, "name"), text_at(each, "value"), text_at(object_at(from, "fieldRef"), "fieldPath"),
                      std::nullopt};
    if (const Json& resource = object_at(from, "resourceFieldRef"); !resource.empty())
      variable.resource = {text_at(resource, "containerName"), text_at(resource, "resource")};
    all.push_back(std::move(variable));
  }
  return all;
}

std::set<std::string> limits_in(const Json& resources) {
  std::set<std::string> names;
  for (const auto& [name, amount] : object_at(resources, "limits").items()) names.insert(name);
  return names;
}

/// Extended resources have a domain; kubernetes.io's are the kubelet's own. An ENI is the pod's network.
std::vector<std::string> devices_in(const Json& resources) {
  std::vector<std::string> devices;
  for (const char* list : {"limits", "requests"})
    for (const auto& [name, amount] : object_at(resources, list).items()) {
      if (name.find('/') == std::string::npos || name.find("kubernetes.io/") != std::string::npos ||
          name.rfind("vpc.amazonaws.com/", 0) == 0 || amount == "0" || amount == 0)
        continue;
      if (std::find(devices.begin(), devices.end(), name) == devices.end()) devices.push_back(name);
    }
  if (!array_at(resources, "claims").empty()) devices.emplace_back("resource claims");
  return devices;
}

std::vector<std::string> block_devices_in(const Json& container) {
  std::vector<std::string> paths;
  for (const Json& device : array_at(container, "volumeDevices")) paths.push_back(text_at(device, "devicePath"));
  return paths;
}

std::optional<LivenessProbe> liveness_in(const Json& container) {
  if (!container.contains("livenessProbe")) return std::nullopt;
  const Json& probe = object_at(container, "livenessProbe");
  return LivenessProbe{std::chrono::seconds(number_at(probe, "periodSeconds", 10)),
                       std::chrono::seconds(number_at(probe, "timeoutSeconds", 1)),
                       static_cast<int>(number_at(probe, "failureThreshold", 3))};
}

void add_images(const Json& pod, const char* list, std::vector<std::string>& images) {
  for (const Json& container : array_at(object_at(pod, "spec"), list)) images.push_back(text_at(container, "image"));
}

}  // namespace

std::chrono::seconds unanswered_for(const LivenessProbe& probe) {
  return probe.period * (probe.failures - 1) + probe.timeout;
}

std::optional<Container> container_in(const Json& pod, const std::string& name) {
  for (const Json& each : array_at(object_at(pod, "spec"), "containers")) {
    if (text_at(each, "name") != name) continue;
    const Json& resources = object_at(each, "resources");
    return Container{name,
                     text_at(each, "image"),
                     text_at(each, "imagePullPolicy"),
                     environment_in(each),
                     mounts_in(each),
                     limits_in(resources),
                     devices_in(resources),
                     block_devices_in(each),
                     liveness_in(each),
                     object_at(each, "lifecycle").contains("postStart"),
                     object_at(each, "lifecycle").contains("preStop")};
  }
  return std::nullopt;
}

bool mounts_volume(const Container& container, const std::string& volume) {
  return std::any_of(container.mounts.begin(), container.mounts.end(),
                     [&](const Mount& mount) { return mount.volume == volume; });
}

std::chrono::seconds time_to_ready(const Json& pod) {
  std::int64_t most = 0;
  for (const Json& container : array_at(object_at(pod, "spec"), "containers")) {
    std::int64_t seconds = 0;
    for (const char* kind : {"startupProbe", "readinessProbe"})
      if (const auto probe = container.find(kind); probe != container.end())
        seconds += number_at(*probe, "initialDelaySeconds", 0) +
                   number_at(*probe, "periodSeconds", 10) * (number_at(*probe, "successThreshold", 1) + 1);
    most = std::max(most, seconds);
  }
  return std::chrono::seconds(most);
}

std::vector<std::string> companions_of(const Json& pod, const std::string& container) {
  std::vector<std::string> names;
  const Json& spec = object_at(pod, "spec");
  for (const Json& each : array_at(spec, "initContainers"))
    if (text_at(each, "restartPolicy") == "Always") names.push_back(text_at(each, "name"));
  for (const Json& each : array_at(spec, "containers"))
    if (text_at(each, "name") != container) names.push_back(text_at(each, "name"));
  return names;
}

std::vector<std::string> images_of(const Json& pod) {
  std::vector<std::string> images;
  add_images(pod, "containers", images);
  return images;
}

std::vector<std::string> all_images_of(const Json& pod) {
  std::vector<std::string> images;
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"}) add_images(pod, list, images);
  return images;
}

bool runs_image(const Json& pod, const std::string& image) {
  const auto images = images_of(pod);
  return std::find(images.begin(), images.end(), image) != images.end();
}

}  // namespace ms2m
