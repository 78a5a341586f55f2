// What `kubectl apply` needs to have an agent on every node. Pure.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace ms2m {

struct AgentManifest {
  std::string ns, image;
  std::vector<std::pair<std::string, std::string>> node_selector;  ///< labels that a node must have besides
  bool setup = true;                        ///< with the step that installs the runtime handler, and its class
  std::string authority, certificate, key;  ///< PEM
  std::string token;
};

/// YAML, several documents, with a comment to each right. Holds the key and the token. Error{usage}: a name, image or
/// label that Kubernetes would not take.
std::string agent_manifest(const AgentManifest& manifest);

}  // namespace ms2m
