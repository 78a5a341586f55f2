#include "handover/consumer_status.hpp"

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"

namespace ms2m {
namespace {

constexpr const char* kRemedy = "what it must say is in ms2m-protocol(7)";

[[noreturn]] void no_status(const std::string& answer) {
  throw Error(ErrorKind::protocol, "the consumer's answer to STATUS is none: " + answer.substr(0, 200), kRemedy);
}

std::string text(const Json& payload, const char* key) {
  const auto found = payload.find(key);
  return found == payload.end() || found->is_null() ? "" : found->get<std::string>();
}

/// null, or not said: there is none.
std::int64_t number(const Json& payload, const char* key) {
  const auto found = payload.find(key);
  return found == payload.end() || found->is_null() ? -1 : found->get<std::int64_t>();
}

}  // namespace

ConsumerStatus parse_consumer_status(const std::string& answer) try {
  const Json content = Json::parse(answer);
  if (content.at("type") != "STATUS") no_status(answer);
  const Json& payload = content.at("payload");
  const ConsumerStatus status{payload.at("queue").get<std::string>(), text(payload, "role"), number(payload, "first"),
                              number(payload, "offset"), text(payload, "state")};
  const bool none = status.first == -1 && status.offset == -1;
  if (status.queue.empty() || (!none && (status.first < 0 || status.offset < status.first))) no_status(answer);
  return status;
} catch (const Json::exception&) {
  no_status(answer);
}

std::optional<ConsumerStatus> ask_status(Broker& broker, const std::string& control_queue, const StopToken& stop) {
  std::string answer;
  try {
    answer = broker.ask(control_queue, Json{{"type", "STATUS"}}.dump(),
                        stop.within(std::chrono::duration_cast<Clock::duration>(kAnswers)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    stop.check("asking in " + control_queue + " for the consumer's offset");
    return std::nullopt;
  }
  return parse_consumer_status(answer);
}

}  // namespace ms2m
