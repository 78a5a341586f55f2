#include "reviews.hpp"

#include "writer.hpp"

namespace ms2m::lab {

namespace {
AccessRequest requested_access(const Json& spec) {
  const Json& resource = at(spec, {"resourceAttributes"});
  if (resource.is_object())
    return {text(resource, {"verb"}),
            text(resource, {"group"}),
            text(resource, {"resource"}),
            text(resource, {"subresource"}),
            text(resource, {"name"}),
            text(resource, {"namespace"}),
            "",
            true};
  return {text(spec, {"nonResourceAttributes", "verb"}), "",   "", "", "", "",
          text(spec, {"nonResourceAttributes", "path"}), false};
}

Json access_status(const Rbac& rbac, const User& user, const Json& spec) {
  const Decision decision = rbac.decide(user, requested_access(spec));
  Json status{{"allowed", decision.allowed}};
  if (!decision.reason.empty()) status["reason"] = decision.reason;
  return status;
}

User asked_user(const Json& spec) {
  User user{text(spec, {"user"}), text(spec, {"uid"}), {}};
  for (const Json& group : at(spec, {"groups"})) user.groups.push_back(group.get<std::string>());
  return user;
}

Json rules_status(const Rbac& rbac, const User& user, const Json& spec) {
  Json resource_rules = Json::array();
  Json path_rules = Json::array();
  for (const Json& rule : rbac.rules_of(user, text(spec, {"namespace"})))
    (rule.contains("nonResourceURLs") ? path_rules : resource_rules).push_back(rule);
  return {{"resourceRules", resource_rules}, {"nonResourceRules", path_rules}, {"incomplete", false}};
}

Json user_info(const User& user) {
  Json info{{"username", user.name}, {"groups", user.groups}};
  if (!user.uid.empty()) info["uid"] = user.uid;
  return info;
}

Json token_status(const Authenticator& authenticator, const Json& spec) {
  const auto user = authenticator.by_token(text(spec, {"token"}));
  if (!user) return {{"authenticated", false}, {"user", Json::object()}, {"error", "invalid bearer token"}};
  return {{"authenticated", true},
          {"user", user_info(*user)},
          {"audiences", {"https://kubernetes.default.svc.cluster.local"}}};
}

Json review(const char* group, const char* kind, const Json& spec, Json status) {
  return {{"kind", kind},
          {"apiVersion", std::string(group) + "/v1"},
          {"metadata", Json::object()},
          {"spec", spec.is_object() ? spec : Json::object()},
          {"status", std::move(status)}};
}
}  // namespace

std::optional<Answer> answer_review(const Call& call, const Rbac& rbac, const Authenticator& authenticator) {
  const std::string& resource = call.info.resource;
  const bool authorization = call.info.group == "authorization.k8s.io";
  if (!authorization && call.info.group != "authentication.k8s.io") return std::nullopt;
  if (call.info.version != "v1" || call.info.verb != "create") throw no_such_path();
  const auto spec_of = [&](const char* kind) { return at(parse_body(call, kind), {"spec"}); };
  const char* const group = authorization ? "authorization.k8s.io" : "authentication.k8s.io";
  if (authorization && resource == "selfsubjectaccessreviews") {
    const Json spec = spec_of("SelfSubjectAccessReview");
    return json_answer(201, review(group, "SelfSubjectAccessReview", spec, access_status(rbac, call.user, spec)));
  }
  if (authorization && (resource == "subjectaccessreviews" || resource == "localsubjectaccessreviews")) {
    const char* const kind = resource[0] == 's' ? "SubjectAccessReview" : "LocalSubjectAccessReview";
    const Json spec = spec_of(kind);
    return json_answer(201, review(group, kind, spec, access_status(rbac, asked_user(spec), spec)));
  }
  if (authorization && resource == "selfsubjectrulesreviews") {
    const Json spec = spec_of("SelfSubjectRulesReview");
    return json_answer(201,
                       review(group, "SelfSubjectRulesReview", Json::object(), rules_status(rbac, call.user, spec)));
  }
  if (!authorization && resource == "tokenreviews") {
    const Json spec = spec_of("TokenReview");
    return json_answer(201, review(group, "TokenReview", spec, token_status(authenticator, spec)));
  }
  if (!authorization && resource == "selfsubjectreviews")
    return json_answer(201, review(group, "SelfSubjectReview", Json::object(), {{"userInfo", user_info(call.user)}}));
  throw no_such_path();
}

}  // namespace ms2m::lab
