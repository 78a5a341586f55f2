// Whether ms2m's runtime handler restores the copy, or the container runtime from a checkpoint image. Pure.
#pragma once
#include <optional>

#include "plan/facts.hpp"

namespace ms2m {

/// The published procedures restore from an image, as they were published.
bool handler_restores(Course course);
/// What keeps the handler from restoring this pod on that node, with the cure; nullopt: nothing. Also what is not
/// known.
std::optional<Trouble> against_handler(const Facts& facts, const MigrationRequest& request);
Restoring restoring_of(const Facts& facts, const MigrationRequest& request);

}  // namespace ms2m
