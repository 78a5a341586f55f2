#pragma once
#include <string>

#include "api/events.hpp"
#include "pod/lookup.hpp"
#include "runtime/runtime.hpp"

namespace kubelet {

// The parts of the node that pods are run with.
struct NodeParts {
  std::string node_name;
  std::string node_ip;
  ApiClient& api;
  EventRecorder& events;
  Runtime& runtime;
  Cgroups& cgroups;
  Lookup& lookup;
};

}  // namespace kubelet
