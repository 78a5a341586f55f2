// An event as an object of kind "event": --progress jsonl, and what a running ms2m tells others.
#pragma once
#include "ms2m/event.hpp"
#include "ms2m/json.hpp"

namespace ms2m::report {

Json event_json(const Event& event, Seconds since_start);
/// Of one that event_json made; nullopt: of another kind, or of a type that this ms2m does not know.
std::optional<Event> event_of(const Json& json);

}  // namespace ms2m::report
