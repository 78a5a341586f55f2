#include "node/protocol/wire_error.hpp"

#include <array>

#include "node/protocol/json_text.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kCancelled = "cancelled";

constexpr std::array kKinds{ErrorKind::usage,       ErrorKind::refused,     ErrorKind::not_found, ErrorKind::forbidden,
                            ErrorKind::conflict,    ErrorKind::timeout,     ErrorKind::protocol,  ErrorKind::failed,
                            ErrorKind::unavailable, ErrorKind::inconsistent};

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string())
    throw Error(ErrorKind::protocol, std::string("an error without '") + name + "'");
  return found->get<std::string>();
}

}  // namespace

std::string print_error(const Error& error) {
  // what() is "outer: inner: message".
  std::string context = error.what();
  context.resize(context.size() - std::min(context.size(), error.message().size()));
  if (context.ends_with(": ")) context.resize(context.size() - 2);
  return print(Json{{"kind", to_string(error.kind())},
                    {"message", error.message()},
                    {"remedy", error.remedy()},
                    {"context", context}});
}

std::string print_cancelled() {
  return print(Json{{"kind", kCancelled}, {"message", "interrupted"}, {"remedy", ""}, {"context", ""}});
}

void throw_error(const std::string& text) {
  const Json json = parse_object(text);
  const std::string kind = text_of(json, "kind"), message = text_of(json, "message"), remedy = text_of(json, "remedy"),
                    context = text_of(json, "context");
  if (kind == kCancelled) throw Cancelled();
  for (const ErrorKind each : kKinds) {
    if (kind != to_string(each)) continue;
    Error error(each, message, remedy);
    if (!context.empty()) error.in(context);
    throw error;
  }
  throw Error(ErrorKind::protocol, "an error of the unknown kind '" + kind + "'");
}

}  // namespace ms2m::node
