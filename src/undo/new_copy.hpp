// What is done before a copy is made under its source's name.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/error.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Empties the control queue of a copy that is about to be made, but for one command: stale ones of the source must not
/// reach it, this one it must see before it consumes anything.
void send_to_hold(const Migrator::Ports& ports, const std::string& control, const std::string& hold,
                  const StopToken& stop);
/// A pod that is not this migration's has it.
Error name_is_taken(const ObjectRef& pod);

}  // namespace ms2m
