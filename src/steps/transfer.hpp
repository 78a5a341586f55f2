// The archive's way to the target, and into its image store.
#pragma once
#include <string>
#include <vector>

#include "steps/run.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// The image's architecture for a container of that node.
std::string architecture_of(const NodeFacts& node);
/// Below kLayoutRoot, on either node.
std::string layout_directory(const Plan& plan);
void transfer(Run& run, const StopToken& stop);
std::vector<Announced> announce_transfer(const Move& move);

}  // namespace ms2m
