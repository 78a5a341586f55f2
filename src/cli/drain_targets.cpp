#include "cli/drain_targets.hpp"

namespace ms2m::cli {

void DrainTargets::add(const std::string& node) { given_[node] = 0; }

std::string DrainTargets::next(const std::set<std::string>& asked) {
  const std::lock_guard lock(mutex_);
  auto least = given_.end();
  for (auto each = given_.begin(); each != given_.end(); ++each)
    if (asked.count(each->first) == 0 && (least == given_.end() || each->second < least->second)) least = each;
  if (least == given_.end()) return "";
  ++least->second;
  return least->first;
}

void DrainTargets::give_back(const std::string& node) {
  const std::lock_guard lock(mutex_);
  --given_.at(node);
}

}  // namespace ms2m::cli
