// The bearer token of kubeconfig's auth-provider oidc (client-go plugin/pkg/client/auth/oidc). It is used, never
// renewed: a refresh-token may be good for one use only, and then the new one belongs into the kubeconfig.
#pragma once
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <optional>
#include <string>

#include "kube/kube_access.hpp"

namespace ms2m {

/// What the auth-provider of a user's entry holds; empty without one.
IdToken id_token_in(const YAML::Node& user);

/// The token's "exp". nullopt: it is no JSON Web Token, or has none.
std::optional<std::chrono::system_clock::time_point> expiry_of(const std::string& token);

/// The token that can be used now. One that has expired is looked for again in its file. Error{forbidden}, without the
/// token: none there that is still good, and what renews it.
std::string valid_id_token(IdToken& held);

}  // namespace ms2m
