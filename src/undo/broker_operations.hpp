// Operations at the broker.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Error{inconsistent} when it must be drained and is not. Returns what there is to say of messages that went back.
std::string delete_queue(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop);
/// And the one by which a relay puts messages back.
void delete_exchange(const Migrator::Ports& ports, const op::DeleteExchange& o, const StopToken& stop);
/// Unless there is a pod of that name.
void delete_control_queue(const Migrator::Ports& ports, const op::DeleteControlQueue& o, const StopToken& stop);

}  // namespace ms2m
