#include "handover/queue_names.hpp"

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

}  // namespace ms2m
