// Which restore by the runtime handler a pod names. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// Which restore, and where.
struct PreparedRestore {
  std::string node, id;
};

/// That the pod names, or that it came by. Without one the ID is empty.
PreparedRestore restore_of(const Json& pod);
/// The IDs of a restore that is made again begin with this: one that was used is never used twice.
std::string again(const std::string& id);

}  // namespace ms2m
