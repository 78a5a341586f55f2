#include "cli/options.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m::cli {

std::string bare_form(const std::string& given) { return given.substr(given.starts_with('=') ? 1 : 0); }

std::optional<Form> form_of(const std::string& given) {
  const std::string word = bare_form(given);
  constexpr std::array<std::pair<const char*, Output>, 4> kWords{
      {{"table", Output::table}, {"json", Output::json}, {"yaml", Output::yaml}, {"name", Output::name}}};
  for (const auto& [name, output] : kWords)
    if (word == name) return Form{output, nullptr};
  const auto equals = word.find('=');
  if (word.substr(0, equals) != "jsonpath") return std::nullopt;
  if (word.find('{') == std::string::npos)
    throw Error(ErrorKind::usage, "jsonpath needs a template with a path in braces, as jsonpath='{.items[*].id}'");
  return Form{Output::jsonpath, std::make_shared<const JsonPath>(word.substr(equals + 1))};
}

std::string form_objection(const std::string& word, const std::string& more) try {
  return form_of(word) ? "" : "'" + word + "' is not one of table, json, yaml, name, jsonpath=TEMPLATE" + more;
} catch (const Error& error) {
  return error.message();
}

Hook parse_hook(const std::string& argument) {
  const auto equals = argument.find('=');
  const auto at = hook_point_of(argument.substr(0, equals));
  if (equals == std::string::npos || !at)
    throw Error(ErrorKind::usage, "--hook is PHASE=COMMAND, and its phase before-quiet, after-pivot or end");
  const std::string command = argument.substr(equals + 1);
  if (command.find_first_not_of(" \t\n") == std::string::npos)
    throw Error(ErrorKind::usage, std::string("--hook ") + to_string(*at) + " has no command");
  return {*at, command};
}

std::string pod_name(const std::string& argument) {
  std::string name = argument;
  if (const auto slash = argument.find('/'); slash != std::string::npos) {
    const std::string kind = argument.substr(0, slash);
    if (kind != "pod" && kind != "pods" && kind != "po")
      throw Error(ErrorKind::usage, "'" + argument + "' is not a pod: ms2m migrates one pod, given as pod/NAME");
    name = argument.substr(slash + 1);
  }
  // RFC 1123 subdomain, as the API server checks it.
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (name.empty() || name.size() > 253 || !std::all_of(name.begin(), name.end(), fits))
    throw Error(ErrorKind::usage, "'" + argument + "' is not the name of a pod");
  return name;
}

}  // namespace ms2m::cli
