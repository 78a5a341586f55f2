// What registries, and those who make tokens for them, answer. Pure: whatever the bytes are, nothing but what is said
// here comes of them. Private to carry.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node/protocol/registry_requests.hpp"

namespace ms2m {

/// "403 DENIED: requested access to the resource is denied"; short, and nothing that a terminal would obey.
std::string said(const node::RegistryAnswer& answer);

/// Of "www-authenticate", RFC 9110 and docker's token authentication.
struct RegistryChallenge {
  bool bearer = false;
  std::string realm, service, scope;  ///< empty: it does not say
};
RegistryChallenge parse_challenge(const std::string& header);

/// What was made for a bearer; nullopt: nothing.
std::optional<std::string> token_in(const std::string& body);

/// SHA-256, hex, of what a manifest names: its configuration and layers. What is none is left out.
std::vector<std::string> blobs_of(const std::string& manifest);

}  // namespace ms2m
