// What is settled before the pivot of how the source ends after it.
#pragma once
#include <optional>
#include <vector>

#include "steps/step.hpp"

namespace ms2m {

/// How its ReplicaSet is to swap source and target.
op::Adopt adoption_of(const Plan& plan, const Facts& facts);
/// The end of the name of the source's image, for a source that an earlier migration has moved: such a pod leaves it
/// behind on its node. nullopt: it is none.
std::optional<Announced> image_name_removal(const Plan& plan, const Facts& facts);

}  // namespace ms2m
