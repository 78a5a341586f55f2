#include "rbac.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms2m::lab {

namespace {
bool lists(const Json& values, const std::string& wanted) {
  return std::ranges::any_of(values, [&](const Json& value) { return value == wanted || value == "*"; });
}

bool names_resource(const Json& resources, const AccessRequest& request) {
  const std::string full =
      request.subresource.empty() ? request.resource : request.resource + "/" + request.subresource;
  return std::ranges::any_of(resources, [&](const Json& value) {
    return value == "*" || value == full || (!request.subresource.empty() && value == "*/" + request.subresource);
  });
}

bool names_path(const Json& urls, const std::string& path) {
  return std::ranges::any_of(urls, [&](const Json& value) {
    const std::string url = value.get<std::string>();
    return url == "*" || url == path || (url.ends_with('*') && path.starts_with(url.substr(0, url.size() - 1)));
  });
}

bool rule_allows(const Json& rule, const AccessRequest& request) {
  if (!lists(at(rule, {"verbs"}), request.verb)) return false;
  if (!request.is_resource) return names_path(at(rule, {"nonResourceURLs"}), request.path);
  const Json& names = at(rule, {"resourceNames"});
  return lists(at(rule, {"apiGroups"}), request.group) && names_resource(at(rule, {"resources"}), request) &&
         (names.empty() || std::ranges::any_of(names, [&](const Json& name) { return name == request.name; }));
}

bool in_group(const User& user, const std::string& group) {
  return std::ranges::find(user.groups, group) != user.groups.end();
}

// Who of the subjects the user is, as the reason names it ("ServiceAccount "name/namespace""); "" when none.
std::string matching_subject(const User& user, const Json& subjects, const std::string& binding_space) {
  for (const Json& subject : subjects) {
    const std::string kind = text(subject, {"kind"});
    const std::string name = text(subject, {"name"});
    if (kind == "User" && user.name == name) return fmt::format("User \"{}\"", name);
    if (kind == "Group" && in_group(user, name)) return fmt::format("Group \"{}\"", name);
    if (kind != "ServiceAccount") continue;
    const std::string space = text(subject, {"namespace"}, binding_space);
    if (user.name == fmt::format("system:serviceaccount:{}:{}", space, name))
      return fmt::format("ServiceAccount \"{}/{}\"", name, space);
  }
  return "";
}
}  // namespace

bool Rbac::visit_binding(const User& user, const Json& binding, const Visit& visit) const {
  const std::string space = namespace_of(binding);
  const std::string subject = matching_subject(user, at(binding, {"subjects"}), space);
  if (subject.empty()) return true;
  const std::string role_kind = text(binding, {"roleRef", "kind"});
  const std::string role_name = text(binding, {"roleRef", "name"});
  const ObjectPtr role = role_kind == "Role" ? store_.find(type_of("roles"), space, role_name)
                                             : store_.find(type_of("clusterroles"), "", role_name);
  if (!role) return true;
  const std::string binding_name = space.empty() ? name_of(binding) : name_of(binding) + "/" + space;
  const std::string reason = fmt::format("RBAC: allowed by {} \"{}\" of {} \"{}\" to {}", text(binding, {"kind"}),
                                         binding_name, role_kind, role_name, subject);
  return std::ranges::all_of(at(*role, {"rules"}), [&](const Json& rule) { return visit(rule, reason); });
}

void Rbac::visit_rules(const User& user, const std::string& space, const Visit& visit) const {
  for (const ObjectPtr& binding : store_.list(type_of("clusterrolebindings")).items) {
    if (!visit_binding(user, *binding, visit)) return;
  }
  if (space.empty()) return;
  for (const ObjectPtr& binding : store_.list(type_of("rolebindings"), space).items) {
    if (!visit_binding(user, *binding, visit)) return;
  }
}

Decision Rbac::decide(const User& user, const AccessRequest& request) const {
  if (in_group(user, "system:masters")) return {true, ""};
  Decision decision;
  visit_rules(user, request.is_resource ? request.space : "", [&](const Json& rule, const std::string& reason) {
    if (!rule_allows(rule, request)) return true;
    decision = {true, reason};
    return false;
  });
  return decision;
}

std::vector<Json> Rbac::rules_of(const User& user, const std::string& space) const {
  std::vector<Json> rules;
  visit_rules(user, space, [&](const Json& rule, const std::string&) {
    if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(rule);
    return true;
  });
  return rules;
}

void authorize(const Rbac& rbac, const Call& call) {
  const RequestInfo& info = call.info;
  const AccessRequest request{info.verb, info.group, info.resource, info.subresource,
                              info.name, info.space, info.path,     info.is_resource};
  if (rbac.decide(call.user, request).allowed) return;
  if (!info.is_resource)
    throw forbidden({}, "", fmt::format("User \"{}\" cannot {} path \"{}\"", call.user.name, info.verb, info.path));
  const std::string resource = info.subresource.empty() ? info.resource : info.resource + "/" + info.subresource;
  const std::string where =
      info.space.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", info.space);
  std::string why = fmt::format("User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}", call.user.name,
                                info.verb, resource, info.group, where);
  if (in_group(call.user, "system:unauthenticated") && info.resource == "nodes" && info.subresource == "proxy")
    why += ": proxy subresource changed to unsafeproxy";
  throw forbidden({info.group, info.resource}, info.name, why);
}

}  // namespace ms2m::lab
