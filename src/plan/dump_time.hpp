// How long a checkpoint makes the source stand still. Pure.
#pragma once
#include <optional>

#include "plan/facts.hpp"

namespace ms2m {

/// About so long the source stands still for it, by the size of its memory; when that is fetched from it, until then.
Seconds dump_time(const Facts& facts);

/// What keeps a source that is at work from being checkpointed: were its connection given up meanwhile, what it had not
/// acknowledged would be processed twice. With the cure; nullopt: nothing.
std::optional<Trouble> against_dump_at_work(const Facts& facts);

}  // namespace ms2m
