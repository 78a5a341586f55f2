#include "carry/registry_answers.hpp"

#include <algorithm>
#include <cctype>

#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m {
namespace {

constexpr std::size_t kMostSaid = 200;

/// key="value" of a challenge; empty: it is not there.
std::string parameter(const std::string& challenge, const std::string& key) {
  for (auto at = challenge.find(key + "=\""); at != std::string::npos; at = challenge.find(key + "=\"", at + 1)) {
    if (at > 0 && challenge[at - 1] != ' ' && challenge[at - 1] != ',') continue;
    const auto from = at + key.size() + 2;
    const auto end = challenge.find('"', from);
    return end == std::string::npos ? "" : challenge.substr(from, end - from);
  }
  return "";
}

bool names(const std::string& challenge, const std::string& scheme) {
  return challenge.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), challenge.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

std::optional<std::string> text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::string said(const node::RegistryAnswer& answer) {
  std::string text = std::to_string(answer.status);
  const Json json = Json::parse(answer.body, nullptr, false);
  if (json.is_object() && json.contains("errors") && json["errors"].is_array() && !json["errors"].empty()) {
    const Json& first = json["errors"][0];
    if (const auto code = text_in(first, "code")) text += " " + *code;
    if (const auto message = text_in(first, "message")) text += ": " + *message;
  }
  text = text.substr(0, kMostSaid);
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

RegistryChallenge parse_challenge(const std::string& header) {
  return {names(header, "bearer"), parameter(header, "realm"), parameter(header, "service"),
          parameter(header, "scope")};
}

std::optional<std::string> token_in(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  for (const char* key : {"token", "access_token"})
    if (auto token = text_in(json, key)) return token;
  return std::nullopt;
}

std::vector<std::string> blobs_of(const std::string& manifest) {
  const Json json = Json::parse(manifest, nullptr, false);
  std::vector<std::string> blobs;
  const auto add = [&](const Json& blob) {
    const std::string digest = text_in(blob, "digest").value_or("");
    if (digest.starts_with("sha256:") && node::is_sha256(digest.substr(7))) blobs.push_back(digest.substr(7));
  };
  if (json.is_object() && json.contains("config")) add(json["config"]);
  if (json.is_object() && json.contains("layers") && json["layers"].is_array())
    for (const Json& layer : json["layers"]) add(layer);
  return blobs;
}

}  // namespace ms2m
