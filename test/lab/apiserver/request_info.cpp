#include "request_info.hpp"

#include <algorithm>
#include <vector>

#include "selector.hpp"

namespace ms2m::lab {

namespace {
std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 1;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string verb_of(const std::string& method, bool named, const Query& query) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return named ? "delete" : "deletecollection";
  if (named) return "get";
  return query_flag(query, "watch") ? "watch" : "list";
}

std::string join_rest(const std::vector<std::string>& parts, std::size_t from) {
  std::string rest;
  for (std::size_t i = from; i < parts.size(); ++i) rest += "/" + parts[i];
  return rest;
}

void read_resource(RequestInfo& info, const std::vector<std::string>& parts, std::size_t next) {
  if (parts.size() > next + 1 && parts[next] == "namespaces") {
    info.space = parts[next + 1];
    const bool of_namespace_itself =
        parts.size() == next + 2 || parts[next + 2] == "status" || parts[next + 2] == "finalize";
    if (!of_namespace_itself) next += 2;
  }
  info.resource = parts[next];
  if (parts.size() > next + 1) info.name = parts[next + 1];
  if (parts.size() > next + 2) info.subresource = parts[next + 2];
  info.rest = join_rest(parts, next + 3);
}
}  // namespace

RequestInfo parse_request(const std::string& method, const std::string& path, const Query& query) {
  RequestInfo info;
  info.path = path;
  info.verb = lower(method);
  const std::vector<std::string> parts = split_path(path);
  const bool core = parts.size() >= 3 && parts[0] == "api";
  const bool grouped = parts.size() >= 4 && parts[0] == "apis";
  if (!core && !grouped) return info;
  info.is_resource = true;
  info.group = grouped ? parts[1] : "";
  info.version = parts[grouped ? 2 : 1];
  read_resource(info, parts, grouped ? 3 : 2);
  info.verb = verb_of(method, !info.name.empty(), query);
  if (info.name.empty() && (info.verb == "list" || info.verb == "watch"))
    info.name = FieldSelector::exact_name(query_value(query, "fieldSelector"));
  return info;
}

std::string query_value(const Query& query, const std::string& key) {
  auto found = query.find(key);
  return found == query.end() ? "" : found->second;
}

bool query_flag(const Query& query, const std::string& key) {
  const std::string value = query_value(query, key);
  return value == "true" || value == "1" || value == "True";
}

}  // namespace ms2m::lab
