// What the broker's user may not do, and the command that lets it.
#include <fmt/format.h>

#include <map>

#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

const char* word(BrokerAccess access) {
  switch (access) {
    case BrokerAccess::configure:
      return "configure";
    case BrokerAccess::write:
      return "write";
    case BrokerAccess::read:
      return "read";
  }
  return "?";
}

/// A pattern's part that matches just this text.
std::string literal(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

void check_broker_rights(const MissingBrokerRights& missing, const std::string& queue, std::vector<Finding>& out) {
  if (missing.rights.empty()) return;
  std::map<std::string, std::string> by_name;  // queue or exchange: its missing rights
  for (const BrokerRight& right : missing.rights) {
    std::string& rights = by_name[fmt::format("{} {}", right.exchange ? "exchange" : "queue", right.name)];
    rights += (rights.empty() ? "" : " and ") + std::string(word(right.access));
  }
  std::string list;
  for (const auto& [name, rights] : by_name) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", rights, name);
  const Place place{"", "", missing.vhost};
  const std::string own = R"(ms2m\..*)", queues = "^(" + own + "|" + literal(queue) + ")$";
  refuse(out, "broker-rights", fmt::format("the broker's user {} may not {}", missing.user, list),
         fmt::format("{} (it replaces all three patterns: keep in each what this shows: {})",
                     remedy::command(remedy::Command::set_permissions, place,
                                     {missing.user, queues, "^(" + own + R"(|amq\.default)$)", queues}),
                     remedy::command(remedy::Command::list_permissions, place, {missing.user})));
}

}  // namespace ms2m
