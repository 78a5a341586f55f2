#pragma once
#include <cstdint>
#include <string>

#include "handover/arrival.hpp"
#include "steps/run.hpp"

namespace ms2m {

/// Kicks the kubelet and returns when the restored process lives and listens to `queue`, as one of `consumers`.
void restore(Run& run, const std::string& queue, std::uint64_t consumers, const StopToken& stop);
/// Where the copy is proven to be, as one of `consumers` of a queue, `ours` of them ms2m's own.
Arrival arrival_of(const Run& run, const std::string& queue, std::uint64_t consumers, std::uint64_t ours);

}  // namespace ms2m
