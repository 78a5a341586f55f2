// A question to whoever reads a queue.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// Over a channel that consumes replies, and nothing else. As Broker::ask(), once. Answers to questions that were given
/// up are dropped.
std::string answer_of(amqp::Connection& to, const std::string& queue, const std::string& question,
                      const StopToken& stop);

}  // namespace ms2m
