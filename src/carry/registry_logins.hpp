// Who may what in a registry, from where skopeo, podman and docker keep it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "carry/registry_place.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

struct RegistryLogin {
  std::string user, password;
};

/// $REGISTRY_AUTH_FILE, or else, whichever first has one for the registry: $XDG_RUNTIME_DIR/containers/auth.json,
/// $XDG_CONFIG_HOME/containers/auth.json (~/.config), $DOCKER_CONFIG/config.json (~/.docker); in each the helper of
/// that registry, then what is written there (of the repository, or of what it is in), then the helper of all.
class RegistryLogins {
 public:
  using Variable = std::function<std::optional<std::string>(const std::string& name)>;
  explicit RegistryLogins(Variable variable) : variable_(std::move(variable)) {}

  /// Runs a credential helper where one is named. nullopt: there is none for it. Error{refused}: a file, or a helper,
  /// which is named, says nothing that can be used. Nothing that is secret is in an error.
  std::optional<RegistryLogin> find(const RegistryPlace& place, const StopToken& stop) const;
  /// Where it was looked for, for who is told that there is none.
  std::vector<std::string> files() const;

 private:
  Variable variable_;
};

}  // namespace ms2m
