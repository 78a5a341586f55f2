// The environment of a container as its spec describes it: what the kubelet would have computed, variable by variable.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// Reads an object of the pod's own namespace; nullopt: there is none of that name. May throw Error (forbidden, ...).
struct PodLookups {
  std::function<std::optional<Json>(const std::string& name)> secret;
  std::function<std::optional<Json>(const std::string& name)> config_map;
};

/// Only what is asked for is read: a variable that does not refer to a secret costs no right to read secrets.
/// Later entries win over earlier ones, env over envFrom; $(VAR) refers to what was defined before, $$ is an escaped $
/// (Kubernetes API reference, EnvVar.value). One line break at the end of a value is left out, here as in
/// secret_value(). Not thread-safe: what was computed once is kept.
class ContainerEnv {
 public:
  /// `container`: the name of one of the pod's.
  ContainerEnv(const Json& pod, const std::string& container, PodLookups lookups);

  /// nullopt: the container does not define it. Error{refused} when it refers to something that does not exist.
  /// Also when its value would be longer than a process can be given, or refers to others that refer to others without
  /// an end in sight.
  std::optional<std::string> get(const std::string& name) const;

 private:
  std::optional<std::string> before(const std::string& name, std::size_t end) const;
  std::optional<std::string> entry(std::size_t index) const;
  std::optional<std::string> made(std::size_t index) const;
  std::optional<std::string> from_source(const std::string& name) const;
  std::string expand(const std::string& text, std::size_t end) const;
  std::optional<std::string> field(const std::string& path) const;

  const Json& pod_;
  Json env_;
  Json env_from_;
  PodLookups lookups_;
  mutable std::map<std::size_t, std::optional<std::string>> known_;
  mutable int depth_ = 0;
};

/// The value of `key` in a Secret's data (decoded); nullopt: no such key. Error{refused} when it is not base64.
std::optional<std::string> secret_value(const Json& secret, const std::string& key);

}  // namespace ms2m
