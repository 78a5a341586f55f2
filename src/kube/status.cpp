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

Error status_error(const HttpResponse& answer) {
  std::string remedy;
  std::string message = message_of(answer);
  if (answer.status == 401) {
    message = fmt::format("the API server does not accept the credentials ({})", message);
    remedy = "log in again, or choose another user or context; check with: kubectl auth whoami";
  } else if (answer.status == 403 && message.find("system:anonymous") != std::string::npos) {
    remedy = "the request carried no valid credentials: check the user of the kubeconfig with: kubectl auth whoami";
  } else if (answer.status == 403) {
    remedy = "grant it with examples/rbac.yaml";
  }
  return Error(kind_of(answer.status), std::move(message), std::move(remedy));
}

bool is_object_missing(const HttpResponse& answer, const std::string& name) {
  if (answer.status != 404) return false;
  const auto status = parse_status(answer.body);
  if (!status) return false;
  const auto details = status->find("details");
  return details != status->end() && details->is_object() && details->value("name", "") == name;
}

}  // namespace ms2m
