#include "undo/open_retirement.hpp"

namespace ms2m {
namespace {

std::string successor(const op::RetirePod& o) { return o.target; }
std::string successor(const op::Adopt& o) { return o.target_pod; }
std::string successor(const op::RemoveSource& o) { return o.target; }
/// Whatever else there is ends no source that waits.
template <class Op>
std::string successor(const Op&) {
  return "";
}

}  // namespace

std::optional<std::string> open_retirement(const Journal& journal) {
  for (const Effect& effect : journal.effects()) {
    if (effect.settled || !effect.finish) continue;
    const std::string copy = std::visit([](const auto& o) { return successor(o); }, *effect.finish);
    if (!copy.empty()) return copy;
  }
  return std::nullopt;
}

}  // namespace ms2m
