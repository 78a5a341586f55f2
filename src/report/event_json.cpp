#include "report/event_json.hpp"

#include <array>
#include <utility>

#include "report/outcome_report.hpp"

namespace ms2m::report {
namespace {

constexpr std::array<std::pair<const char*, Event::Type>, 9> kTypes{{{"phase_started", Event::Type::phase_started},
                                                                     {"phase_finished", Event::Type::phase_finished},
                                                                     {"step", Event::Type::step},
                                                                     {"detail", Event::Type::detail},
                                                                     {"progress", Event::Type::progress},
                                                                     {"note", Event::Type::note},
                                                                     {"warning", Event::Type::warning},
                                                                     {"undo", Event::Type::undo},
                                                                     {"hook", Event::Type::hook}}};

const char* type_word(Event::Type type) {
  for (const auto& [word, each] : kTypes)
    if (each == type) return word;
  return "?";
}

}  // namespace

Json event_json(const Event& event, Seconds since_start) {
  Json json = {{"schema", kSchema},
               {"kind", "event"},
               {"type", type_word(event.type)},
               {"at_s", seconds_json(since_start)},
               {"phase", to_string(event.phase)},
               {"text", event.text}};
  if (event.type == Event::Type::phase_finished) json["seconds"] = seconds_json(event.elapsed);
  if (event.type == Event::Type::warning) json["remedy"] = event.remedy;
  if (event.type == Event::Type::undo) json["ok"] = event.ok;
  if (event.type == Event::Type::progress) {
    json["bytes"] = event.done.count;
    json["total_bytes"] = event.total ? Json(event.total->count) : Json(nullptr);
    json["travelled_bytes"] = event.travelled ? Json(event.travelled->count) : Json(nullptr);
  }
  return json;
}

std::optional<Event> event_of(const Json& json) try {
  if (json.at("kind") != "event") return std::nullopt;
  Event event;
  bool known = false;
  for (const auto& [word, type] : kTypes)
    if (json.at("type") == word) {
      event.type = type;
      known = true;
    }
  const auto phase = phase_of(json.at("phase").get<std::string>());
  if (!known || !phase) return std::nullopt;
  event.phase = *phase;
  event.text = json.at("text");
  event.remedy = json.value("remedy", "");
  event.elapsed = Seconds(json.value("seconds", 0.0));
  event.ok = json.value("ok", true);
  if (const auto bytes = json.find("bytes"); bytes != json.end()) event.done.count = bytes->get<std::uint64_t>();
  if (const auto total = json.find("total_bytes"); total != json.end() && !total->is_null())
    event.total = Bytes{total->get<std::uint64_t>()};
  if (const auto travelled = json.find("travelled_bytes"); travelled != json.end() && !travelled->is_null())
    event.travelled = Bytes{travelled->get<std::uint64_t>()};
  return event;
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace ms2m::report
