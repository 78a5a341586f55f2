// Role based access control, evaluated on the Role, ClusterRole and Binding objects in the store.
#pragma once

#include "call.hpp"
#include "store.hpp"

namespace ms2m::lab {

struct AccessRequest {
  std::string verb;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string name;
  std::string space;
  std::string path;  // of a non-resource request
  bool is_resource = true;
};

struct Decision {
  bool allowed = false;
  std::string reason;  // as SelfSubjectAccessReview reports it
};

class Rbac {
 public:
  explicit Rbac(const Store& store) : store_(store) {}

  Decision decide(const User& user, const AccessRequest& request) const;
  // Every rule that holds for the user in the namespace (and in the whole cluster).
  std::vector<Json> rules_of(const User& user, const std::string& space) const;

 private:
  using Visit = std::function<bool(const Json& rule, const std::string& reason)>;  // false ends the walk
  void visit_rules(const User& user, const std::string& space, const Visit& visit) const;
  bool visit_binding(const User& user, const Json& binding, const Visit& visit) const;

  const Store& store_;
};

// Throws the API server's 403 unless RBAC allows the call.
void authorize(const Rbac& rbac, const Call& call);

}  // namespace ms2m::lab
