#include "handover/queue_names.hpp"

#include <charconv>

#include "ms2m/json.hpp"

namespace ms2m {

std::string control_queue(const std::string& hostname) { return "ms2m.control." + hostname; }

QueueNames queue_names(const std::string& id) {
  const std::string prefix = "ms2m." + id + ".";
  return {prefix + "hold", prefix + "deadman", prefix + "pivot", prefix + "tee", prefix + "source", prefix + "target"};
}

std::string way_back_of(const std::string& tee) { return tee + ".back"; }

std::string start_replay(const std::string& queue, const std::string& role, const std::string& id) {
  return Json{{"type", "START_REPLAY"}, {"payload", {{"queue", queue}, {"role", role}, {"migration", id}}}}.dump();
}

std::string end_replay(const std::string& role, const std::string& id) {
  return Json{{"type", "END_REPLAY"}, {"payload", {{"role", role}, {"migration", id}}}}.dump();
}

std::optional<std::int64_t> offset_in(const std::string& from) {
  std::int64_t offset = 0;
  const char* const whole = from.data() + from.size();
  const auto [end, error] = std::from_chars(from.data(), whole, offset);
  return error == std::errc{} && end == whole ? std::optional(offset) : std::nullopt;
}

std::string replay_until(const std::string& stream, const std::string& from, std::int64_t until,
                         const std::string& id) {
  const auto offset = offset_in(from);
  Json payload = {{"queue", stream}, {"role", "target"}, {"migration", id}, {"until", until}};
  if (!from.empty()) payload["from"] = offset ? Json(*offset) : Json(from);
  return Json{{"type", "START_REPLAY"}, {"payload", payload}}.dump();
}

}  // namespace ms2m
