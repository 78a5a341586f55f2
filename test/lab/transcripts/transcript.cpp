#include "transcript.hpp"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <set>

namespace ms2m::lab_test {

namespace {
std::string client_of(const std::string& name, const Json& request) {
  if (request["client_certificate"].is_string()) return request["client_certificate"];
  if (!request["headers"].contains("Authorization")) return "";
  if (name == "err-401-bad-token") return "bad-token";
  return name.find("viewer") != std::string::npos || name == "patch-403" ? "viewer" : "ms2m-admin";
}

// Headers are recorded as a list of pairs, or as an object for streams.
std::map<std::string, std::string> read_headers(const Json& recorded) {
  std::map<std::string, std::string> headers;
  for (const auto& [key, value] : recorded.items()) {
    if (value.is_array())
      headers[value[0]] = value[1];
    else
      headers[key] = value;
  }
  return headers;
}

bool is_volatile(const std::string& key) {
  static const std::set<std::string> keys{"resourceVersion", "uid", "continue", "gitCommit", "remainingItemCount"};
  return keys.contains(key);
}

void drop(Json& value, const std::string& key) {
  if (value.is_object()) value.erase(key);
  if (value.is_structured())
    for (Json& child : value) drop(child, key);
}

void compare(const Json& expected, const Json& actual, const std::string& where, std::string& report) {
  if (expected.is_number() && actual.is_number()) {
    if (expected != actual) report += fmt::format("{}: expected {}, got {}\n", where, expected.dump(), actual.dump());
    return;
  }
  if (expected.type() != actual.type()) {
    report += fmt::format("{}: expected {}, got {}\n", where, expected.dump(), actual.dump());
    return;
  }
  if (expected.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (!actual.contains(key))
        report += fmt::format("{}/{}: missing, expected {}\n", where, key, value.dump());
      else if (!is_volatile(key))
        compare(value, actual[key], where + "/" + key, report);
    }
    for (const auto& [key, value] : actual.items())
      if (!expected.contains(key)) report += fmt::format("{}/{}: unexpected {}\n", where, key, value.dump());
  } else if (expected.is_array()) {
    if (expected.size() != actual.size())
      report +=
          fmt::format("{}: expected {} items, got {}: {}\n", where, expected.size(), actual.size(), actual.dump());
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i)
      compare(expected[i], actual[i], fmt::format("{}/{}", where, i), report);
  } else if (expected != actual) {
    report += fmt::format("{}: expected {}, got {}\n", where, expected.dump(), actual.dump());
  }
}

void prepare(Json& value, const CompareOptions& options) {
  drop(value, "managedFields");
  for (const std::string& pointer : options.ignore) {
    const Json::json_pointer where(pointer);
    if (value.contains(where)) value[where.parent_pointer()].erase(where.back());
  }
  value = Json::parse(normalized(value.dump()));
}
}  // namespace

Transcript load_transcript(const std::string& name) {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/kube-transcripts/" + name + ".json");
  if (!in) throw std::runtime_error("no transcript " + name);
  const Json recorded = Json::parse(in);
  const Json& request = recorded["request"];
  const Json& response = recorded["response"];
  Transcript result;
  result.name = name;
  result.method = request["method"];
  const std::string url = request["url"];
  result.target = url.substr(url.find('/', url.find("//") + 2));
  result.client = client_of(name, request);
  if (request["body"].is_string())
    result.body = request["body"];
  else if (!request["body"].is_null())
    result.body = request["body"].dump();
  result.content_type = request["headers"].value("Content-Type", "");
  result.status = response["status"];
  result.headers = read_headers(response["headers"]);
  result.raw = response.value("body_raw", "");
  if (response.contains("body_json")) result.json = response["body_json"];
  if (response.contains("stream"))
    for (const Json& event : response["stream"]) result.events.push_back(event["line"]);
  return result;
}

std::string normalized(const std::string& text) {
  static const std::vector<std::pair<std::regex, std::string>> rules{
      {std::regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"},
      {std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"), "TIME"},
      {std::regex("kube-api-access-[a-z0-9]{5}"), "kube-api-access-RANDOM"},
      {std::regex("\\b(web|consumer)-[bcdfghjklmnpqrstvwxz2456789]{8,10}\\b"), "$1-HASH"},
      {std::regex("\"pod-template-hash\":\"[a-z0-9]+\""), "\"pod-template-hash\":\"HASH\""},
      {std::regex("\\b(web-HASH|consumer)-[bcdfghjklmnpqrstvwxz2456789]{5}\\b"), "$1-RANDOM"},
      {std::regex("(too old resource version: [0-9]+) \\([0-9]+\\)"), "$1 (OLDEST)"},
      {std::regex("dial tcp [0-9.]+:[0-9]+"), "dial tcp ADDRESS"},
      {std::regex("(if it was previously negative\\))\\\\n@@([^\"\\\\]|\\\\.)*"), "$1 DIFF"},
  };
  std::string result = text;
  for (const auto& [pattern, replacement] : rules) result = std::regex_replace(result, pattern, replacement);
  return result;
}

std::string difference(const Json& expected, const Json& actual, const CompareOptions& options) {
  Json left = expected;
  Json right = actual;
  prepare(left, options);
  prepare(right, options);
  std::string report;
  compare(left, right, "", report);
  return report;
}

}  // namespace ms2m::lab_test
