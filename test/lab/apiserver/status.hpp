// Failures as the API server words them: a Status object and its HTTP code (k8s.io/apimachinery/pkg/api/errors).
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "json.hpp"

namespace ms2m::lab {

class ApiError : public std::runtime_error {
 public:
  ApiError(int code, const std::string& reason, const std::string& message, Json details = nullptr);
  int code() const { return code_; }
  const Json& body() const { return body_; }
  const std::string& reason() const { return reason_; }

 private:
  int code_;
  std::string reason_;
  Json body_;
};

// A resource as messages name it: "pods", "deployments.apps".
struct GroupResource {
  std::string group;
  std::string resource;
  std::string qualified() const { return group.empty() ? resource : resource + "." + group; }
};

struct FieldError {
  std::string reason;  // FieldValueInvalid, FieldValueRequired, FieldValueForbidden
  std::string field;
  std::string message;
};

Json details_for(const GroupResource& resource, const std::string& name);

ApiError not_found(const GroupResource& resource, const std::string& name);
ApiError no_such_path();
ApiError already_exists(const GroupResource& resource, const std::string& name);
ApiError conflict(const GroupResource& resource, const std::string& name, const std::string& why);
ApiError modified_conflict(const GroupResource& resource, const std::string& name);
ApiError bad_request(const std::string& message);
ApiError unauthorized();
ApiError forbidden(const GroupResource& resource, const std::string& name, const std::string& why);
ApiError invalid(const std::string& group, const std::string& kind, const std::string& name,
                 const std::vector<FieldError>& errors);
ApiError method_not_allowed();
ApiError unsupported_media_type();
ApiError service_unavailable(const std::string& message);
ApiError expired(const std::string& message);
ApiError too_many_requests(const std::string& message);

}  // namespace ms2m::lab
