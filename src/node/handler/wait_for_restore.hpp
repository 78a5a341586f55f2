// From a container's `create` to a restore that is taken.
#pragma once
#include <optional>
#include <string>

#include "node/restore/state.hpp"
#include "node/restore/store.hpp"
#include "node/restore/waiting.hpp"

namespace ms2m::node {

/// Waits for what state.hpp's table waits for, as long as the record says. It is taken then, by `container`; nullopt:
/// the container is to start cold. Error{refused}: the table refuses; {conflict}: a newer `create` has come; {timeout}:
/// the wait's limit, which changes nothing, as the kubelet calls again.
std::optional<Underway> wait_for_restore(RestorePlace& place, const Asking& asking, const std::string& container);

}  // namespace ms2m::node
