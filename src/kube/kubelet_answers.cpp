#include "kube/kubelet_answers.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <map>

#include "base/fields.hpp"
#include "kube/status.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

const Json& metadata_of(const Json& object) { return object_at(object, "metadata"); }

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
  const Json& status = object_at(object, "status");
  const std::int64_t port =
      number_at(object_at(object_at(status, "daemonEndpoints"), "kubeletEndpoint"), "Port", 10250);
  for (const Json& address : array_at(status, "addresses"))
    if (const std::string ip = text_at(address, "address"); text_at(address, "type") == "InternalIP")
      return fmt::format("https://{}:{}", ip.find(':') == std::string::npos ? ip : "[" + ip + "]", port);
  throw Error(ErrorKind::failed, fmt::format("node {} has no InternalIP", node), "use --kubelet proxy");
}

std::optional<bool> kubelet_behind(const HttpResponse& answer) {
  if (!parse_status(answer.body)) return true;  // only the API server writes that
  const std::string message = message_of(answer);
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  if (answer.status != 503 || !says("error trying to reach service")) return std::nullopt;
  // One whose certificate is not believed is there.
  return says("x509:") || says("tls:") ? std::nullopt : std::optional(false);
}

std::optional<Millis> runtime_patience(const std::string& body) {
  const Json config = Json::parse(body, nullptr, false);
  return parse_go_duration(text_at(object_at(config, "kubeletconfig"), "runtimeRequestTimeout"));
}

std::optional<std::vector<Json>> pods_in(const std::string& body) {
  const Json pods = Json::parse(body, nullptr, false);
  // A list it is also when it is empty ("items": null).
  const auto items = pods.find("items");
  const bool listed = items == pods.end() || items->is_null() || items->is_array();
  if (text_at(pods, "kind") != "PodList" || !listed) return std::nullopt;
  std::vector<Json> all;
  for (const Json& pod : array_at(pods, "items")) {
    if (text_at(metadata_of(pod), "uid").empty()) return std::nullopt;  // of which it is not known whose it is
    all.push_back(pod);
  }
  return all;
}

bool ends_in(const std::vector<Json>& pods, const std::string& uid) {
  for (const Json& pod : pods)
    if (text_at(metadata_of(pod), "uid") == uid) return !text_at(metadata_of(pod), "deletionTimestamp").empty();
  return true;
}

}  // namespace ms2m
