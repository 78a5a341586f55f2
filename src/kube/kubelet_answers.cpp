#include "kube/kubelet_answers.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <map>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// What is below these names; null: nothing.
const Json& below(const Json& in, std::initializer_list<const char*> names) {
  static const Json kNone;
  const Json* at = &in;
  for (const char* name : names) {
    const auto found = at->find(name);
    if (found == at->end()) return kNone;
    at = &*found;
  }
  return *at;
}

std::string text_below(const Json& in, std::initializer_list<const char*> names) {
  const Json& found = below(in, names);
  return found.is_string() ? found.get<std::string>() : "";
}

}  // namespace

bool FeatureGateFinder::feed(std::string_view chunk) {
  static constexpr std::string_view kSample = "kubernetes_feature_enabled{name=\"ContainerCheckpoint\"";
  rest_.append(chunk);
  std::size_t begin = 0;
  for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(rest_).substr(begin, end - begin);
    if (!line.starts_with(kSample)) continue;
    const auto space = line.rfind(' ');
    if (space == std::string_view::npos) continue;
    value_ = line.substr(space + 1) == "1";
    return false;
  }
  rest_.erase(0, begin);
  return true;
}

std::optional<Millis> parse_go_duration(const std::string& text) {
  static const std::map<std::string, double> units{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
  double sum = 0;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const double number = std::strtod(at, &end);
    std::string unit;
    while (std::isalpha(static_cast<unsigned char>(*end)) != 0) unit += *end++;
    const auto found = units.find(unit);
    if (end == at || found == units.end() || !(number >= 0) || number > 1e9) return std::nullopt;
    sum += number * found->second;
    at = end;
  }
  if (sum < 1) return std::nullopt;
  return Millis(static_cast<Millis::rep>(sum));
}

std::string kubelet_server(const std::string& node, const std::string& body) {
  const Json object = Json::parse(body, nullptr, false);
  const Json& told = below(object, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"});
  const std::int64_t port = told.is_number_integer() ? told.get<std::int64_t>() : 10250;
  for (const Json& address : below(object, {"status", "addresses"}))
    if (const std::string ip = text_below(address, {"address"}); text_below(address, {"type"}) == "InternalIP")
      return fmt::format("https://{}:{}", ip.find(':') == std::string::npos ? ip : "[" + ip + "]", port);
  throw Error(ErrorKind::failed, fmt::format("node {} has no InternalIP", node), "use --kubelet proxy");
}

std::optional<Millis> runtime_patience(const std::string& body) {
  const Json config = Json::parse(body, nullptr, false);
  return parse_go_duration(text_below(config, {"kubeletconfig", "runtimeRequestTimeout"}));
}

std::optional<std::vector<Json>> pods_in(const std::string& body) {
  const Json pods = Json::parse(body, nullptr, false);
  const Json& items = below(pods, {"items"});
  // A list it is also when it is empty ("items": null).
  if (text_below(pods, {"kind"}) != "PodList" || (!items.is_array() && !items.is_null())) return std::nullopt;
  std::vector<Json> all;
  for (const Json& pod : items) {
    if (text_below(pod, {"metadata", "uid"}).empty()) return std::nullopt;  // of which it is not known whose it is
    all.push_back(pod);
  }
  return all;
}

bool ends_in(const std::vector<Json>& pods, const std::string& uid) {
  for (const Json& pod : pods)
    if (text_below(pod, {"metadata", "uid"}) == uid) return !below(pod, {"metadata", "deletionTimestamp"}).is_null();
  return true;
}

}  // namespace ms2m
