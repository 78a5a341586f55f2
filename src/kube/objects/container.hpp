// A container of a pod's specification, as far as anybody asks. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

struct Mount {
  std::string volume, path;
  std::string sub_path;  ///< its subPathExpr: $(NAME) is a variable of the container
};

/// An environment variable. Where its value comes from an object in the namespace nothing of that is here.
struct Variable {
  struct Resource {
    std::string container;  ///< empty: its own
    std::string name;       ///< "limits.cpu"
  };
  std::string name, value;
  std::string field;  ///< of the pod, as the downward API names them: "status.podIP", "metadata.labels['app']"
  std::optional<Resource> resource;
};

/// When the kubelet starts a container again that does not answer.
struct LivenessProbe {
  std::chrono::seconds period, timeout;
  int failures;
};

/// From when it does not answer any more until it is started again, at the earliest: the first probe can come right
/// after that.
std::chrono::seconds unanswered_for(const LivenessProbe& probe);

struct Container {
  std::string name, image;
  std::string pull_policy;  ///< "Never": from the node's store alone
  std::vector<Variable> environment;
  std::vector<Mount> mounts;
  std::set<std::string> limits;            ///< the resources that it has a limit of
  std::vector<std::string> devices;        ///< of device plugins, and "resource claims"
  std::vector<std::string> block_devices;  ///< their paths in the container
  std::optional<LivenessProbe> liveness;
  bool post_start = false;  ///< a hook that runs whenever it is started
  bool pre_stop = false;    ///< one that runs before it is told to end
};

/// The container of that name in spec.containers; nullopt: there is none.
std::optional<Container> container_in(const Json& pod, const std::string& name);
bool mounts_volume(const Container& container, const std::string& volume);

/// The time until the pod can count as ready, by its containers' probes.
std::chrono::seconds time_to_ready(const Json& pod);

/// The others that run in the pod, sidecars first.
std::vector<std::string> companions_of(const Json& pod, const std::string& container);

/// Images by the names that the specification has: of the containers; and of those of every kind.
std::vector<std::string> images_of(const Json& pod);
std::vector<std::string> all_images_of(const Json& pod);
bool runs_image(const Json& pod, const std::string& image);

}  // namespace ms2m
