// A copy that comes under its source's name, by the runtime handler.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// As restore_pod(): on the object's node, or else where its archive is. An attempt of before that runs, or is about
/// to, is waited for; one that failed is taken back. Every further one has an ID of its own, and its data comes from
/// the archive once more.
void restore_by_handler(const Migrator::Ports& ports, const op::RestorePod& o, const StopToken& stop);

}  // namespace ms2m
