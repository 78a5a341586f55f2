#pragma once
#include <string>
#include <utility>
#include <vector>

#include "pod/lookup.hpp"

namespace kubelet {

// The environment that a container's spec asks for, in order, references resolved. Throws MissingReference.
std::vector<std::pair<std::string, std::string>> make_environment(const Json& pod, const Json& container,
                                                                  const std::string& pod_ip, const Lookup& lookup);

}  // namespace kubelet
