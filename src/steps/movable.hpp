// What the preflight could not see yet of the source's consumer.
#pragma once
#include <string>

#include "steps/step.hpp"

namespace ms2m {

/// Throws Error{refused} for what check_consumer() has against it: the preflight may have come before the broker named
/// it.
void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue);
/// The same for check_other_queues().
void refuse_other_queues(const Move& move, const QueueFacts& queue);
/// Waits until the broker names the consumers, and refuses as refuse_unmovable(), and what takes from other queues too.
void check_consumer_named(const Move& move, BrokerAdmin& admin, Observer& observer, const StopToken& stop);

}  // namespace ms2m
