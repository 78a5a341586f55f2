#include "status.hpp"

#include <fmt/format.h>

namespace ms2m::lab {

ApiError::ApiError(int code, const std::string& reason, const std::string& message, Json details)
    : std::runtime_error(message), code_(code), reason_(reason) {
  body_ = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
           {"status", "Failure"}, {"message", message}, {"code", code}};
  if (!reason.empty()) body_["reason"] = reason;
  if (!details.is_null()) body_["details"] = std::move(details);
}

Json details_for(const GroupResource& resource, const std::string& name) {
  Json details = Json::object();
  if (!name.empty()) details["name"] = name;
  if (!resource.group.empty()) details["group"] = resource.group;
  if (!resource.resource.empty()) details["kind"] = resource.resource;
  return details;
}

ApiError not_found(const GroupResource& resource, const std::string& name) {
  return {404, "NotFound", fmt::format("{} \"{}\" not found", resource.qualified(), name), details_for(resource, name)};
}

ApiError no_such_path() {
  return {404, "NotFound", "the server could not find the requested resource", Json::object()};
}

ApiError already_exists(const GroupResource& resource, const std::string& name) {
  return {409, "AlreadyExists", fmt::format("{} \"{}\" already exists", resource.qualified(), name),
          details_for(resource, name)};
}

ApiError conflict(const GroupResource& resource, const std::string& name, const std::string& why) {
  return {409, "Conflict",
          fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", resource.qualified(), name, why),
          details_for(resource, name)};
}

ApiError modified_conflict(const GroupResource& resource, const std::string& name) {
  return conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

ApiError bad_request(const std::string& message) { return {400, "BadRequest", message}; }
ApiError unauthorized() { return {401, "Unauthorized", "Unauthorized"}; }

ApiError forbidden(const GroupResource& resource, const std::string& name, const std::string& why) {
  std::string message = "forbidden: " + why;
  if (!resource.resource.empty() && name.empty())
    message = fmt::format("{} is forbidden: {}", resource.qualified(), why);
  if (!resource.resource.empty() && !name.empty())
    message = fmt::format("{} \"{}\" is forbidden: {}", resource.qualified(), name, why);
  return {403, "Forbidden", message, details_for(resource, name)};
}

ApiError invalid(const std::string& group, const std::string& kind, const std::string& name,
                 const std::vector<FieldError>& errors) {
  Json causes = Json::array();
  std::string list;
  for (const FieldError& error : errors) {
    list += (list.empty() ? "" : ", ") + error.field + ": " + error.message;
    causes.push_back({{"reason", error.reason}, {"message", error.message}, {"field", error.field}});
  }
  if (errors.size() > 1) list = "[" + list + "]";
  Json details = details_for({group, kind}, name);
  details["causes"] = causes;
  const std::string qualified = GroupResource{group, kind}.qualified();
  return {422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", qualified, name, list), details};
}

ApiError method_not_allowed() {
  return {405, "MethodNotAllowed", "the server does not allow this method on the requested resource", Json::object()};
}

ApiError unsupported_media_type() {
  return {415, "UnsupportedMediaType", "415: Unsupported Media Type", Json::object()};
}

ApiError service_unavailable(const std::string& message) { return {503, "ServiceUnavailable", message}; }
ApiError expired(const std::string& message) { return {410, "Expired", message}; }

ApiError too_many_requests(const std::string& message) {
  return {429, "TooManyRequests", message, Json{{"retryAfterSeconds", 1}}};
}

}  // namespace ms2m::lab
