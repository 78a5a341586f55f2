// How a first record keeps KubeFlags.
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

/// Only what was given.
Json to_json(const KubeFlags& flags);
/// Of `begin`'s key "kube"; a journal of before it was noted has none.
KubeFlags kube_flags_in(const Json& begin);

}  // namespace ms2m
