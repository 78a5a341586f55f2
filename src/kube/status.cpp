#include "kube/status.hpp"

#include <fmt/format.h>

namespace ms2m {

std::optional<Json> parse_status(const std::string& body) {
  if (body.empty() || body.front() != '{') return std::nullopt;
  Json parsed = Json::parse(body, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto kind = parsed.find("kind");
  if (kind == parsed.end() || *kind != "Status") return std::nullopt;
  return parsed;
}

std::string message_of(const HttpResponse& answer) {
  if (const auto status = parse_status(answer.body)) {
    const auto message = status->find("message");
    if (message != status->end() && message->is_string() && !message->get_ref<const std::string&>().empty())
      return message->get<std::string>();
  }
  std::string text = answer.body.substr(0, 300);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  const bool page =
      text.find('<') != std::string::npos && answer.header("content-type").find("html") != std::string::npos;
  return text.empty() || page ? fmt::format("HTTP status {}", answer.status) : text;
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 400:
    case 422:
      return ErrorKind::refused;
    case 429:
      return ErrorKind::unavailable;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::protocol;
  }
}

namespace {

/// RBAC says "User ... cannot VERB resource ..."; any other 403 is admission's, which no Role changes.
std::string remedy_of_forbidden(const std::string& message) {
  if (message.find("system:anonymous") != std::string::npos)
    return "the request carried no valid credentials: check the user of the kubeconfig";
  if (message.find("exceeded quota") != std::string::npos)
    return "raise the quota, or free some of it: for some seconds there are two such pods";
  if (message.find("violates PodSecurity") != std::string::npos)
    return "the namespace's pod security level was raised since the pod was started: change the workload, or the level";
  if (message.find(" cannot ") == std::string::npos)
    return "the cluster's admission says so, not its access rules: change what it names";
  return "grant it with examples/rbac.yaml";
}

}  // namespace

Error status_error(const HttpResponse& answer) {
  std::string remedy;
  std::string message = message_of(answer);
  if (answer.status == 401) {
    message = fmt::format("the API server does not accept the credentials ({})", message);
    remedy = "log in again, or choose another user or context";
  } else if (answer.status == 403) {
    remedy = remedy_of_forbidden(message);
  }
  return Error(kind_of(answer.status), std::move(message), std::move(remedy));
}

bool is_object_missing(const HttpResponse& answer, const std::string& name) {
  if (answer.status != 404) return false;
  const auto status = parse_status(answer.body);
  if (!status) return false;
  const auto details = status->find("details");
  if (details == status->end() || !details->is_object()) return false;
  const auto named = details->find("name");
  return named != details->end() && *named == name;
}

}  // namespace ms2m
