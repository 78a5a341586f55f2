// A migration's id, and the time as records have it.
#pragma once
#include <string>

namespace ms2m {

/// Six characters of [a-z0-9] without look-alikes, the first a letter: fits into every Kubernetes name.
std::string new_id();
/// This machine's.
std::string host_name();
/// Now, RFC 3339, UTC, milliseconds.
std::string now_rfc3339();
/// The same with microseconds, as Kubernetes' MicroTime wants it.
std::string now_micro_time();

}  // namespace ms2m
