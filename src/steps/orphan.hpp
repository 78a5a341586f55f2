// A StatefulSet lets go of its pods: with it, deleting one would bring a cold one.
#pragma once
#include "steps/run.hpp"

namespace ms2m {

/// The StatefulSet as it is now. Error{conflict} when it was changed since it was looked at.
Json unchanged_set(const Run& run, const StopToken& stop);

}  // namespace ms2m
