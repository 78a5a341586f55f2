#include "ms2m/outcome.hpp"

#include <fmt/format.h>

namespace ms2m {

std::string to_string(const Serving& s) {
  const auto pod = [&](const char* side) { return fmt::format("{} pod {}/{} on {}", side, s.ns, s.pod, s.node); };
  switch (s.who) {
    case ServedBy::not_said:
      return "";
    case ServedBy::source:
    case ServedBy::target:
      return pod(to_string(s.who)) + (s.why.empty() ? "" : ", " + s.why);
    case ServedBy::started_anew:
      return fmt::format("{}, started anew: {}", pod(s.on_target ? "target" : "source"), s.why);
    case ServedBy::nobody:
      return "nobody: " + s.why;
    case ServedBy::uncertain:
      return "nobody for certain: " + s.why;
    case ServedBy::unknown:
      return "unknown: " + s.why;
  }
  return "";
}

}  // namespace ms2m
