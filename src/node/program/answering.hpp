// Which function answers which request.
#pragma once
#include <memory>
#include <string>

#include "node/program/attended.hpp"
#include "node/program/channel.hpp"
#include "node/program/containers.hpp"
#include "node/program/dumps.hpp"
#include "node/program/kept_memory.hpp"
#include "node/program/passages.hpp"
#include "node/program/registry.hpp"
#include "node/program/roots.hpp"
#include "node/runtime/runtime.hpp"

namespace ms2m::node {

/// What a session's requests work with.
struct Node {
  const Roots& roots;
  Containers& containers;
  Dumps& dumps;
  Attended& attended;
  Passages& passages;
  RegistryExchanges& registry;
  KeptMemory& sent;     ///< as a source
  KeptMemory& arrived;  ///< as a target
  std::string name;     ///< for messages
  std::string runtime_version;
  std::unique_ptr<NodeRuntime> runtime;  ///< nullptr: its store is not known here
};

/// Does what a request says (all but `hello`) and returns the payload of its answer. Blocks; Error, Cancelled.
std::string answer(const Node& node, const Json& request, Channel& channel);

}  // namespace ms2m::node
