// Whether the broker's user has a right, found out without using it.
#pragma once
#include <optional>
#include <string>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// nullopt: the user has it, or it cannot be told before others are there; else the user's name, as the broker says it.
/// Sends a command that cannot succeed: the broker looks at the right first (403), and then at an argument of a wrong
/// type (406), or for something that is not there (404). Measured on 3.10.8 and 4.3.6. Nothing is published, which an
/// alarm would hold up. What a broker that looks at no argument would do is taken back: so names that configure is
/// asked for must be ones that nobody has yet, and `own_queue` too. Leaves the channel closed or open. To write to an
/// exchange is asked for as the dead-letter exchange of `own_queue` (needs configure and read on that); to write to a
/// queue as binding it, and to read an exchange as binding a queue to it.
std::optional<std::string> refusal_of(amqp::Connection& connection, const BrokerRight& right,
                                      const std::string& own_queue, const StopToken& stop);

}  // namespace ms2m
