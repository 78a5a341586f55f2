// What the preflight could not see yet of the source's consumer.
#pragma once
#include <string>

#include "steps/step.hpp"

namespace ms2m {

/// Throws Error{refused} for what check_consumer() has against it: the preflight may have come before the broker named
/// it.
void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue);
/// The management API's lists of consumers and of channels, by which a consumer's connection is known, are each up to
/// five seconds old.
constexpr std::chrono::seconds kNamedWithin{7};
/// Whether a consumer is listed whose connection is not known yet.
bool has_unnamed(const QueueFacts& facts);
void warn_of_unnamed(const std::string& queue, Observer& observer);
/// The same for check_other_queues(). What is allowed and was not known to the preflight is told.
void look_at_other_queues(const Move& move, const QueueFacts& queue, Observer& observer);
/// Waits until the broker names the consumers (of a stream: the source) and their connections, and refuses as
/// refuse_unmovable(), and what takes from other queues too.
void check_consumer_named(const Move& move, BrokerAdmin& admin, Observer& observer, const StopToken& stop);

}  // namespace ms2m
