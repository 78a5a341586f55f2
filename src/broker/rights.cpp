#include "broker/rights.hpp"

#include <fmt/format.h>

#include "wrap/amqp/error.hpp"

namespace ms2m {
namespace {

constexpr int kAccessRefused = 403;
const amqp::Argument kWrongNumber{"x-message-ttl", "no number"};
const amqp::Argument kWrongPriority{"x-priority", "no number"};
const amqp::Argument kWrongExchange{"alternate-exchange", std::int64_t{0}};
constexpr std::string_view kDefaultExchange = "amq.default";
constexpr const char* kNobody = "ms2m.nobody";  ///< no queue or exchange has this name

/// A declaration that fails once all rights that it needs are there.
void declare_wrongly(amqp::Connection& to, const std::string& queue, amqp::Arguments arguments, const StopToken& stop) {
  arguments.push_back(kWrongNumber);
  to.declare_queue(queue, arguments, stop);
  to.delete_queue(queue, stop);
}

void provoke(amqp::Connection& to, const BrokerRight& right, const std::string& own_queue, const StopToken& stop) {
  switch (right.access) {
    case BrokerAccess::configure:
      if (right.exchange) {
        to.declare_exchange(right.name, "fanout", false, stop, {kWrongExchange});
        return to.delete_exchange(right.name, stop);
      }
      return declare_wrongly(to, right.name, {}, stop);
    case BrokerAccess::read:
      if (right.exchange) return to.bind_queue(kNobody, right.name, "", stop);
      to.consume(right.name, {kWrongPriority}, stop);
      return to.close_channel(stop);
    case BrokerAccess::write:
      if (!right.exchange) return to.bind_queue(right.name, kNobody, "", stop);
      return declare_wrongly(to, own_queue,
                             {{"x-dead-letter-exchange", right.name == kDefaultExchange ? std::string() : right.name}},
                             stop);
  }
}

/// "... refused for user 'NAME'"
std::string user_in(const std::string& text) {
  constexpr std::string_view kBefore = "for user '";
  const auto begin = text.rfind(kBefore);
  if (begin == std::string::npos) return "?";
  const auto from = begin + kBefore.size();
  return text.substr(from, text.rfind('\'') - from);
}

}  // namespace

std::optional<std::string> refusal_of(amqp::Connection& connection, const BrokerRight& right,
                                      const std::string& own_queue, const StopToken& stop) {
  try {
    provoke(connection, right, own_queue, stop);
  } catch (const amqp::ChannelClosed& closed) {
    // What is refused may be another of the things that the command touches: only the one that is meant counts.
    const auto which = fmt::format("access to {} '{}'", right.exchange ? "exchange" : "queue", right.name);
    if (closed.code() == kAccessRefused && closed.message().find(which) != std::string::npos)
      return user_in(closed.message());
  }
  return std::nullopt;
}

}  // namespace ms2m
