#include <cmath>

#include "report/or_null.hpp"

namespace ms2m::report {

namespace {

Json rounded(double value) { return std::round(value * 1e4) / 1e4; }
Json rounded(const std::optional<double>& value) { return value ? rounded(*value) : Json(nullptr); }

Json phases(const Outcome& outcome) {
  const double total = outcome.measures.total.count();
  Json list = Json::array();
  for (const auto& phase : outcome.phases)
    list.push_back({{"phase", to_string(phase.phase)},
                    {"seconds", seconds_json(phase.elapsed)},
                    {"percent", total > 0 ? rounded(100 * phase.elapsed.count() / total) : Json(nullptr)},
                    {"note", phase.note}});
  return list;
}

Json failure(const Outcome& outcome) {
  if (outcome.error.empty()) return nullptr;
  return {{"phase", outcome.failed_phase ? Json(to_string(*outcome.failed_phase)) : Json(nullptr)},
          {"message", outcome.error},
          {"remedy", outcome.remedy}};
}

Json serving_kind(ServedBy who) { return who == ServedBy::not_said ? Json(nullptr) : Json(to_string(who)); }

Json leftovers(const Outcome& outcome) {
  Json list = Json::array();
  for (const auto& left : outcome.leftovers) list.push_back({{"what", left.what}, {"command", left.command}});
  return list;
}

Json stretches(const std::vector<Stretch>& all, const char* name) {
  Json list = Json::array();
  for (const auto& each : all) list.push_back({{name, each.what}, {"seconds", seconds_json(each.length)}});
  return list;
}

Json hooks(const Outcome& outcome) {
  Json list = Json::array();
  for (const auto& run : outcome.hooks)
    list.push_back({{"phase", to_string(run.at)},
                    {"number", run.number},
                    {"seconds", seconds_json(run.took)},
                    {"failure", run.failure.empty() ? Json(nullptr) : Json(run.failure)}});
  return list;
}

Json changes(const Outcome& outcome) {
  Json list = Json::array();
  for (const auto& each : outcome.changes)
    list.push_back({{"at_s", seconds_json(each.at)}, {"option", each.option}, {"value", each.value}});
  return list;
}

Json depths(const std::vector<DepthSample>& samples) {
  Json list = Json::array();
  for (const auto& each : samples)
    list.push_back({{"at_s", seconds_json(each.at)}, {"queue", each.queue}, {"messages", each.ready}});
  return list;
}

Json waits(const std::vector<Waited>& path) {
  Json list = Json::array();
  for (const auto& each : path)
    list.push_back({{"waited_for", to_string(each.on)},
                    {"what", each.what},
                    {"phase", to_string(each.phase)},
                    {"seconds", seconds_json(each.length)}});
  return list;
}

Json stream_json(const std::optional<StreamOffsets>& offsets) {
  if (!offsets) return nullptr;
  return {{"first", offsets->first < 0 ? Json(nullptr) : Json(offsets->first)},
          {"checkpoint", offsets->checkpoint < 0 ? Json(nullptr) : Json(offsets->checkpoint)},
          {"stop", offsets->stop},
          {"cut_over", offsets->cut_over},
          {"same_state", or_null(offsets->same_state)},
          {"replay_rate", rounded(offsets->replay_rate)}};
}

void add_measures(Json& json, const Measures& m) {
  json["total_s"] = seconds_json(m.total);
  json["served_s"] = or_null(m.served);
  json["source_pause_s"] = or_null(m.source_pause);
  json["gap_s"] = or_null(m.gap);
  json["reconnect_s"] = or_null(m.reconnect);
  json["critical_path"] = waits(m.critical_path);
  json["time_outside_s"] = m.critical_path.empty() ? Json(nullptr) : seconds_json(own_time(m.critical_path));
  json["pauses"] = stretches(m.pauses, "cause");
  json["bytes"] = or_null(m.bytes);
  json["travelled_bytes"] = or_null(m.travelled);
  json["precopy_bytes"] = or_null(m.precopied);
  json["precopy_travelled_bytes"] = or_null(m.precopy_travelled);
  json["memory_pages"] = m.pages ? Json{{"all", m.pages->all}, {"carried", m.pages->carried}} : Json(nullptr);
  json["carrier"] = m.carriage ? Json(to_string(*m.carriage)) : Json(nullptr);
  json["held"] = or_null(m.held);
  json["relayed"] = or_null(m.relayed);
  json["returned"] = or_null(m.returned);
  json["frozen_s"] = or_null(m.frozen);
  json["lazy_window_s"] = or_null(m.lazy_window);
  json["overtaken_at_most"] = nullptr;  // of schema 1; nothing is overtaken
  json["arrival_rate"] = rounded(m.arrival_rate);
  json["service_rate"] = rounded(m.service_rate);
  json["depths"] = depths(m.depths);
  json["deadman_margin_s"] = or_null(m.dead_man_margin);
  json["stream"] = stream_json(m.stream);
}

}  // namespace

Json seconds_json(Seconds time) { return rounded(time.count()); }

Json outcome_json(const Outcome& outcome, const std::string& command, int status) {
  Json json = {{"schema", kSchema},
               {"kind", "outcome"},
               {"command", command},
               {"id", outcome.id},
               {"result", to_string(outcome.result)},
               {"exit_status", status},
               {"interrupted", outcome.interrupted},
               {"strategy", outcome.strategy},
               {"namespace", outcome.ns},
               {"source", {{"pod", outcome.source_pod}, {"node", outcome.source_node}}},
               {"target", {{"pod", outcome.target_pod}, {"node", outcome.target_node}}},
               {"queue", outcome.queue},
               {"serving", to_string(outcome.serving)},
               {"serving_kind", serving_kind(outcome.serving.who)},
               {"phases", phases(outcome)},
               {"error", failure(outcome)},
               {"undone", outcome.undone},
               {"leftovers", leftovers(outcome)},
               {"resumable", outcome.resumable},
               {"hooks", hooks(outcome)},
               {"changes", changes(outcome)}};
  add_measures(json, outcome.measures);
  json["wall_s"] = or_null(outcome.wall);
  json["node_calls"] = outcome.nodes ? Json(outcome.nodes->calls) : Json(nullptr);
  json["node_time_s"] = outcome.nodes ? seconds_json(outcome.nodes->time) : Json(nullptr);
  json["outside_total"] = stretches(outcome.outside, "what");
  return json;
}

Json outcomes_json(const std::vector<Outcome>& outcomes, const std::string& command, int status) {
  Json items = Json::array();
  for (const auto& outcome : outcomes) items.push_back(outcome_json(outcome, command, exit_status(outcome)));
  return {{"schema", kSchema}, {"kind", "outcomes"}, {"command", command}, {"exit_status", status}, {"items", items}};
}

}  // namespace ms2m::report
