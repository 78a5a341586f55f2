#include "handover/consumer_status.hpp"

#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"

namespace ms2m {
namespace {

constexpr const char* kByHand = "run it by hand, with MS2M_POD and MS2M_NAMESPACE in its environment, to see why";
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

ConsumerStatus status_by_command(OffsetCommand* offsets, const MigrationRequest& request,
                                 const OffsetQuestion& question, const StopToken& stop) {
  if (offsets == nullptr) throw Error(ErrorKind::refused, "there is nobody to run an offset command");
  const auto limit = std::chrono::duration_cast<Clock::duration>(request.timeouts.quiet);
  const std::string frame = fmt::format("--offset-command for pod {}", question.pod);
  try {
    return {request.queue, "", -1, offsets->ask(request.offset_command, question, stop.within(limit)), ""};
  } catch (Error& error) {
    if (error.kind() != ErrorKind::timeout) {
      if (error.remedy().empty()) error.with_remedy(kByHand);
      throw error.in(frame);
    }
    stop.check("waiting for " + frame);
    throw Error(ErrorKind::timeout,
                fmt::format("it had not ended after {:g} s (--quiet-timeout)", request.timeouts.quiet.count()), kByHand)
        .in(frame);
  }
}

OffsetQuestion offset_question(const Json& pod, const std::string& container, const MigrationRequest& request,
                               const char* role) {
  const auto addresses = addresses_of(pod);
  return {request.ns, name_of(pod), addresses.empty() ? "" : addresses.front(), container, request.queue, role};
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
