#include "broker/rabbit_broker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/dead_man.hpp"
#include "broker/give_back.hpp"
#include "broker/pivot.hpp"
#include "broker/pump.hpp"
#include "broker/question.hpp"
#include "broker/rights.hpp"
#include "broker/valve.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kPatience{30};  // for tokens without a deadline
// A quorum queue whose leader does not answer within 250 ms is told as 0,0 (rabbitmq-facts.md section 4).
constexpr Millis kLeaderTimeout{200};

StopToken bounded(const StopToken& stop) { return stop.deadline() ? stop : stop.within(kPatience); }

amqp::Arguments arguments_of(const QueueSpec& spec) {
  amqp::Arguments arguments;
  if (spec.message_ttl) arguments.emplace_back("x-message-ttl", std::int64_t{spec.message_ttl->count()});
  if (spec.dead_letter_routing_key) {
    arguments.emplace_back("x-dead-letter-exchange", std::string{});
    arguments.emplace_back("x-dead-letter-routing-key", *spec.dead_letter_routing_key);
  }
  return arguments;
}

/// Runs `work`; false when the broker says that there is no such thing. Not when it says that it cannot tell.
template <typename Work>
bool found(Work work) {
  try {
    work();
    return true;
  } catch (const amqp::ChannelClosed& closed) {
    if (closed.kind() != ErrorKind::not_found) throw;
    return false;
  }
}

Error unknown(const amqp::ChannelClosed& closed) {
  return Error(ErrorKind::unavailable, "unknown: the broker could not look at it: " + closed.message(),
               "wait until every node of the broker is back; which are there: " +
                   remedy::command(remedy::Command::show_broker, {}));
}

/// Zeros that come as late as a leader's time-out are no answer: they are asked for again, until the token ends. A slow
/// way to the broker is told by another question that the channel answers by itself.
amqp::QueueCount certain_count(amqp::Connection& to, const std::string& queue, const StopToken& stop) {
  for (;; stop.sleep(Millis{50}, "asking how many messages and consumers queue " + queue + " has")) {
    const BootTime begin = BootClock::now();
    const amqp::QueueCount count = to.inspect_queue(queue, stop);
    const BootTime answered = BootClock::now();
    if (count.messages > 0 || count.consumers > 0 || answered - begin < kLeaderTimeout) return count;
    to.set_prefetch(0, stop);
    if ((answered - begin) - (BootClock::now() - answered) < kLeaderTimeout) return count;
  }
}

}  // namespace

RabbitBroker::RabbitBroker(BrokerAddress address, std::string id) : address_(std::move(address)), id_(std::move(id)) {}

RabbitBroker::RabbitBroker(BrokerAddress address, std::string id, const StopToken& stop)
    : RabbitBroker(std::move(address), std::move(id)) {
  server_version(stop);
}

RabbitBroker::~RabbitBroker() = default;

std::string RabbitBroker::server_version(const StopToken& stop) { return greeting(stop).server_version(); }

std::string RabbitBroker::cluster_name(const StopToken& stop) { return greeting(stop).cluster_name(); }

amqp::Connection& RabbitBroker::greeting(const StopToken& stop) {
  try {
    return connection(stop);
  } catch (Error& error) {
    // From outside of the cluster the broker's name is often one that only a pod can resolve.
    if (error.kind() == ErrorKind::unavailable && error.remedy().empty() && !address_.origin.empty())
      error.with_remedy(
          fmt::format("the address comes from {}; when it is not reachable from here, forward a port, as the "
                      "examples of man ms2m show, and give --broker",
                      address_.origin));
    throw;
  }
}

amqp::Endpoint RabbitBroker::holding(const std::string& role) const {
  amqp::Endpoint endpoint = endpoint_of(address_, id_, role);
  if (endpoint.heartbeat.count() == 0 || endpoint.heartbeat > holding_) endpoint.heartbeat = holding_;
  return endpoint;
}

amqp::Connection& RabbitBroker::connection(const StopToken& stop) {
  if (connection_ && connection_->usable()) {
    try {
      // Reads what has come since the last call; a connection that died meanwhile shows itself here, before anything is
      // sent.
      while (connection_->receive(Millis{0}, 1, stop)) {
      }
    } catch (const amqp::ConnectionLost&) {
      connection_.reset();
    } catch (const amqp::ChannelClosed&) {
      // Opened again below.
    }
  }
  if (!connection_ || !connection_->usable())
    connection_ = std::make_unique<amqp::Connection>(endpoint_of(address_, id_, "control"), stop);
  else if (!connection_->channel_open())
    connection_->open_channel(stop);
  else
    return *connection_;
  connection_->select_confirms(stop);
  return *connection_;
}

template <typename Work>
auto RabbitBroker::repeated(const StopToken& stop, Work work) {
  const StopToken limited = bounded(stop);
  for (Millis pause{50};; pause = std::min(2 * pause, Millis{1000})) {
    try {
      return work(connection(limited), limited);
    } catch (const amqp::ConnectionLost&) {
      connection_.reset();
      if (limited.remaining(pause) < pause) throw;
      limited.sleep(pause, "waiting for the broker");
    } catch (const amqp::ChannelClosed& closed) {
      if (closed.kind() != ErrorKind::unavailable) throw;
      if (limited.remaining(pause) < pause) throw unknown(closed);
      limited.sleep(pause, "waiting for the broker's node");
    }
  }
}

MissingBrokerRights RabbitBroker::missing_rights(const std::vector<BrokerRight>& rights, const StopToken& stop) {
  MissingBrokerRights missing;
  missing.vhost = address_.vhost;
  std::string own_queue;
  for (const BrokerRight& right : rights)
    if (right.access == BrokerAccess::configure && !right.exchange && own_queue.empty()) own_queue = right.name;
  for (const BrokerRight& right : rights) {
    const auto refused = repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
      return refusal_of(to, right, own_queue, limited);
    });
    if (!refused) continue;
    missing.rights.push_back(right);
    missing.user = *refused;
  }
  return missing;
}

std::optional<QueueDepth> RabbitBroker::depth(const std::string& queue, const StopToken& stop) {
  return repeated(stop, [&](amqp::Connection& to, const StopToken& limited) -> std::optional<QueueDepth> {
    amqp::QueueCount count;
    if (!found([&] { count = certain_count(to, queue, limited); })) return std::nullopt;
    return QueueDepth{count.messages, count.consumers};
  });
}

void RabbitBroker::declare_queue(const QueueSpec& spec, const StopToken& stop) {
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    to.declare_queue(spec.name, arguments_of(spec), limited);
  });
}

bool RabbitBroker::delete_queue(const std::string& queue, const StopToken& stop) {
  bool existed = false;  // remembered over a repetition
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    if (!found([&] { to.inspect_queue(queue, limited); })) return;
    existed = true;
    to.delete_queue(queue, limited);
  });
  return existed;
}

std::uint64_t RabbitBroker::purge_queue(const std::string& queue, const StopToken& stop) {
  return repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    std::uint64_t purged = 0;
    found([&] { purged = to.purge_queue(queue, limited); });
    return purged;
  });
}

/// Not repeated once it has begun: until the broker notices that a connection is lost, what it had in hand is neither
/// here nor there.
std::uint64_t RabbitBroker::give_back(const std::string& from, const std::string& to, const std::string& way_back,
                                      const StopToken& stop) {
  const StopToken limited = bounded(stop);
  const amqp::Endpoint endpoint = holding("give back");
  if (!depth(from, limited)) return 0;
  const auto own = repeated(limited, [&](amqp::Connection&, const StopToken& within) {
    return std::make_unique<amqp::Connection>(endpoint, within);
  });
  try {
    return ms2m::give_back(*own, own_user(endpoint), from, to, way_back, limited);
  } catch (const amqp::ChannelClosed& closed) {
    if (closed.kind() == ErrorKind::unavailable) throw unknown(closed);
    throw;
  }
}

void RabbitBroker::declare_fanout(const std::string& exchange, const StopToken& stop) {
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    to.declare_exchange(exchange, "fanout", false, limited);
  });
}

bool RabbitBroker::delete_exchange(const std::string& exchange, const StopToken& stop) {
  bool existed = false;
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    if (!found([&] { to.declare_exchange(exchange, "fanout", true, limited); })) return;
    existed = true;
    to.delete_exchange(exchange, limited);
  });
  return existed;
}

void RabbitBroker::bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                              const StopToken& stop) {
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) { to.bind_queue(queue, exchange, key, limited); });
}

void RabbitBroker::unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                                const StopToken& stop) {
  repeated(stop, [&](amqp::Connection& to, const StopToken& limited) {
    found([&] { to.unbind_queue(queue, exchange, key, limited); });  // neither queue nor exchange: not bound either
  });
}

void RabbitBroker::publish(const Outgoing& message, const StopToken& stop) {
  const auto attempt = [&](amqp::Connection& to, const StopToken& limited) {
    to.take_returned();
    to.publish(message.exchange, message.routing_key,
               amqp::Properties::make(message.content_type, message.message_id, true), message.body, true, limited);
    to.wait_confirmed(limited);
    if (to.take_returned().empty()) return;
    if (!message.exchange.empty())
      throw Error(ErrorKind::not_found, fmt::format("no queue is bound to exchange '{}' for key '{}'", message.exchange,
                                                    message.routing_key));
    // A queue whose node is down takes nothing either: this throws what asks for a repetition then.
    if (!found([&] { to.inspect_queue(message.routing_key, limited); }))
      throw Error(ErrorKind::not_found, fmt::format("there is no queue '{}' for a message to it", message.routing_key));
    throw amqp::ConnectionLost(fmt::format("queue '{}' was away for a moment", message.routing_key));
  };
  if (message.exchange.empty()) return repeated(stop, attempt);
  repeated(stop, [](amqp::Connection&, const StopToken&) {});
  try {
    attempt(*connection_, bounded(stop));
  } catch (const amqp::ConnectionLost&) {
    connection_.reset();
    throw;
  }
}

std::string RabbitBroker::ask(const std::string& queue, const std::string& question, const StopToken& stop) {
  const StopToken limited = bounded(stop);
  for (Millis pause{50};; pause = std::min(2 * pause, Millis{1000})) {
    try {
      if (!asking_ || !asking_->usable() || !asking_->channel_open()) {
        asking_ = std::make_unique<amqp::Connection>(endpoint_of(address_, id_, "questions"), limited);
        asking_->consume_replies(limited);
      }
      return answer_of(*asking_, queue, question, limited);
    } catch (const amqp::ConnectionLost&) {
      asking_.reset();
      if (limited.remaining(pause) < pause) throw;
      limited.sleep(pause, "waiting for the broker");
    } catch (...) {
      asking_.reset();
      throw;
    }
  }
}

std::unique_ptr<DeadMan> RabbitBroker::arm(const DeadManSpec& spec, const StopToken& stop) {
  return repeated(stop, [&](amqp::Connection&, const StopToken& limited) -> std::unique_ptr<DeadMan> {
    holding_ = holding_heartbeat(spec.ttl);
    auto armed = std::make_unique<RabbitDeadMan>(holding("deadman"), spec, limited);
    armed_[spec.queue] = armed->state();
    return armed;
  });
}

std::unique_ptr<Valve> RabbitBroker::close_valve(const ValveSpec& spec, const StopToken& stop) {
  return repeated(stop, [&](amqp::Connection&, const StopToken& limited) -> std::unique_ptr<Valve> {
    amqp::Endpoint endpoint = holding("valve");
    if (spec.heartbeat.count() > 0) endpoint.heartbeat = std::min(endpoint.heartbeat, spec.heartbeat);
    return RabbitValve::close(endpoint, spec, limited);
  });
}

std::unique_ptr<Pump> RabbitBroker::start_pump(const PumpSpec& spec, const StopToken& stop) {
  return repeated(stop, [&](amqp::Connection&, const StopToken& limited) -> std::unique_ptr<Pump> {
    return std::make_unique<RabbitPump>(holding("pump"), spec, limited);
  });
}

PivotResult RabbitBroker::pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                                const StopToken& stop) {
  const auto connect = [&](amqp::Connection&, const StopToken& limited) {
    return std::make_unique<amqp::Connection>(holding("pivot"), limited);
  };
  const auto own = repeated(stop, connect);
  const auto known = armed_.find(dead_man_queue);
  return carry_out_pivot(*own, dead_man_queue, known == armed_.end() ? nullptr : known->second.get(), messages,
                         bounded(stop));
}

}  // namespace ms2m
