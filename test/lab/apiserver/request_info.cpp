#include "request_info.hpp"

#include <algorithm>
#include <cctype>
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

std::string url_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (escape)
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
    else
      result += text[i] == '+' ? ' ' : text[i];
    i += escape ? 2 : 0;
  }
  return result;
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

Query parse_query(const std::string& target) {
  Query query;
  std::size_t begin = target.find('?');
  while (begin != std::string::npos && ++begin <= target.size()) {
    const std::size_t end = std::min(target.find('&', begin), target.size());
    const std::string pair = target.substr(begin, end - begin);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      query.emplace(url_decoded(pair.substr(0, equals)),
                    equals < pair.size() ? url_decoded(pair.substr(equals + 1)) : "");
    begin = end < target.size() ? end : std::string::npos;
  }
  return query;
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
