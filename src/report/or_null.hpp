// What is not known, as JSON has it: null.
#pragma once
#include <optional>
#include <string>

#include "ms2m/json.hpp"
#include "ms2m/units.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::report {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
inline Json or_null(const std::optional<Bytes>& bytes) { return bytes ? Json(bytes->count) : Json(nullptr); }
inline Json or_null(const std::optional<Seconds>& time) { return time ? seconds_json(*time) : Json(nullptr); }
/// Empty: not known.
inline Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace ms2m::report
