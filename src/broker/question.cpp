#include "broker/question.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::hours kLongest{1};
constexpr Millis kLook{60000};

}  // namespace

std::string answer_of(amqp::Connection& to, const std::string& queue, const std::string& question,
                      const StopToken& stop) {
  const std::string number = new_id();
  to.publish("", queue, amqp::Properties::question(number, stop.remaining(kLongest)), question, true, stop);
  for (;;) {
    while (!to.deliveries().empty()) {
      const amqp::Delivery answer = std::move(to.deliveries().front());
      to.deliveries().pop_front();
      if (answer.properties.correlation_id() == number) return answer.body;
    }
    if (!to.take_returned().empty())
      throw Error(ErrorKind::not_found, fmt::format("there is no queue '{}' for a question to it", queue));
    if (to.consumer_cancelled()) throw amqp::ConnectionLost("the broker takes no answers any more");
    to.receive(kLook, 1, stop);
  }
}

}  // namespace ms2m
