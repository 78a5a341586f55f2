// Since when a container runtime runs.
#pragma once
#include <optional>
#include <string>

namespace ms2m::node {

/// Whether the process of that name has been running since before the file was last written. No file: false. nullopt:
/// no such process, or it cannot be told.
std::optional<bool> older_than(const std::string& file, const std::string& process);

}  // namespace ms2m::node
