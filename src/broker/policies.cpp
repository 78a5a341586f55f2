#include "broker/policies.hpp"

#include <algorithm>
#include <optional>

#include "broker/admin_json.hpp"
#include "wrap/pcre/pattern.hpp"

namespace ms2m {
namespace {

/// Whether a policy is one for a classic queue of that name.
pcre::Match applies(const Json& policy, const std::string& queue_name) {
  const auto to = member(policy, "apply-to", std::string("all"));
  if (to != "all" && to != "queues" && to != "classic_queues") return pcre::Match::no;
  const auto pattern = policy.find("pattern");
  if (pattern == policy.end() || !pattern->is_string()) return pcre::Match::unknown;
  return pcre::search(pattern->get<std::string>(), queue_name);
}

}  // namespace

void merge_policy(Json& effective, const Json& definition) {
  for (const auto& [key, value] : definition.items()) {
    const bool limit = effective.contains(key) && effective[key].is_number() && value.is_number();
    if (!limit || value < effective[key]) effective[key] = value;
  }
}

bool foresee_policy(const Json& policies, const std::string& queue_name, Json& effective) {
  const auto priority = [](const Json& policy) { return member(policy, "priority", 0); };
  std::optional<int> highest, unjudged;
  for (const Json& each : policies) {
    const auto match = applies(each, queue_name);
    if (match == pcre::Match::no) continue;
    auto& most = match == pcre::Match::yes ? highest : unjudged;
    most = std::max(most.value_or(priority(each)), priority(each));
  }
  if (unjudged && (!highest || *unjudged >= *highest)) return false;
  for (const Json& each : policies)
    if (highest && priority(each) == *highest && applies(each, queue_name) == pcre::Match::yes)
      merge_policy(effective, table(each, "definition"));
  return true;
}

}  // namespace ms2m
