#include "undo/open_retirement.hpp"

#include "undo/operations.hpp"

namespace ms2m {

Json open_retirement(const Journal& journal) {
  for (const Effect& effect : journal.effects()) {
    const Json& o = effect.finish;
    const std::string name = o.is_object() ? o.value("op", "") : "";
    const bool retires = name == "retire_pod" || name == "adopt" || name == "remove_source";
    if (retires && !effect.settled && !text(o, "target").empty()) return o;
  }
  return {};
}

}  // namespace ms2m
