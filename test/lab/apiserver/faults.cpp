#include "faults.hpp"

namespace ms2m::lab {

std::optional<Faults::Rule> Faults::take(const Call& call) {
  const std::lock_guard lock(mutex_);
  for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
    if (!std::regex_match(call.info.verb, rule->verb) || !std::regex_search(call.path, rule->path)) continue;
    Rule taken = *rule;
    if (--rule->left <= 0) rules_.erase(rule);
    return taken;
  }
  return std::nullopt;
}

void Faults::add(const Json& spec) {
  if (!spec.is_object()) throw bad_request("a fault is an object");
  try {
    const std::string action = text(spec, {"action"}, "status");
    const std::regex path(text(spec, {"path"}, ".*"));
    const std::lock_guard lock(mutex_);
    if (action == "close-watches" || action == "expire-watches") {
      watch_ends_.push_back({++epoch_, path, action == "close-watches" ? WatchFault::kClose : WatchFault::kExpire});
      return;
    }
    Rule rule{spec,
              std::regex(text(spec, {"verb"}, ".*")),
              path,
              static_cast<int>(number(spec, {"count"}, 1)),
              action,
              static_cast<int>(number(spec, {"code"}, 503)),
              static_cast<int>(number(spec, {"delay_ms"}, 1000))};
    rules_.push_back(std::move(rule));
  } catch (const std::regex_error& error) {
    throw bad_request(error.what());
  }
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

Json Faults::list() const {
  const std::lock_guard lock(mutex_);
  Json items = Json::array();
  for (const Rule& rule : rules_) {
    items.push_back(rule.spec);
    items.back()["left"] = rule.left;
  }
  return {{"items", items}};
}

WatchFault Faults::watch_fault(std::uint64_t since, const std::string& path) const {
  if (epoch_ == since) return WatchFault::kNone;
  const std::lock_guard lock(mutex_);
  for (const WatchEnd& end : watch_ends_)
    if (end.epoch > since && std::regex_search(path, end.path)) return end.fault;
  return WatchFault::kNone;
}

ApiError fault_status(int code) {
  switch (code) {
    case 409:
      return {409, "Conflict",
              "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest "
              "version and try again"};
    case 410:
      return expired("The provided continue parameter is too old to display a consistent list result.");
    case 429:
      return too_many_requests("The server is currently overloaded, please try again later");
    case 500:
      return {500, "InternalError", "Internal error occurred: injected fault"};
    case 503:
      return service_unavailable("the server is currently unable to handle the request");
    case 504:
      return {504, "Timeout", "Timeout: request did not complete within the allotted timeout"};
    default:
      return {code, "", "injected fault"};
  }
}

}  // namespace ms2m::lab
