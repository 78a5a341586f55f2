#include "kube/objects/container_env.hpp"

#include <utility>

#include "base/one_line.hpp"
#include "base/fields.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

namespace {

constexpr std::size_t kLongest = 128u << 10;  ///< the kernel starts no process with a longer one (MAX_ARG_STRLEN)
constexpr int kDeepest = 500;                 ///< variables that refer to one another

/// How deep a call is in its own ones.
struct Level {
  explicit Level(int& at) : count(++at) {}
  ~Level() { --count; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  int& count;
};

std::string decode_base64(const std::string& text, const std::string& what) {
  static const std::string kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n' || c == '\r') continue;
    const auto value = kAlphabet.find(c);
    if (value == std::string::npos) throw Error(ErrorKind::refused, what + " is not base64");
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return bytes;
}

/// A list of the container.
Json list_in(const Json& pod, const std::string& container, const char* key) {
  for (const Json& each : array_at(object_at(pod, "spec"), "containers"))
    if (text_at(each, "name") == container) return array_at(each, key);
  return Json::array();
}

/// data of a config map, or decoded data of a secret.
std::optional<std::string> value_in(const Json& object, const std::string& key, bool secret) {
  if (secret) return secret_value(object, key);
  const Json& data = object_at(object, "data");
  if (!data.contains(key) || !data[key].is_string()) return std::nullopt;
  return one_line(data[key].get<std::string>());
}

}  // namespace

std::optional<std::string> secret_value(const Json& secret, const std::string& key) {
  const Json& data = object_at(secret, "data");
  if (!data.contains(key) || !data[key].is_string()) return std::nullopt;
  return one_line(decode_base64(data[key].get<std::string>(), "key " + key + " of a secret"));
}

ContainerEnv::ContainerEnv(const Json& pod, const std::string& container, PodLookups lookups)
    : pod_(pod),
      env_(list_in(pod, container, "env")),
      env_from_(list_in(pod, container, "envFrom")),
      lookups_(std::move(lookups)) {}

std::optional<std::string> ContainerEnv::get(const std::string& name) const { return before(name, env_.size()); }

std::optional<std::string> ContainerEnv::before(const std::string& name, std::size_t end) const {
  for (std::size_t i = end; i-- > 0;)
    if (text_at(env_[i], "name") == name) return entry(i);
  return from_source(name);
}

std::optional<std::string> ContainerEnv::entry(std::size_t index) const {
  const auto known = known_.find(index);
  return known != known_.end() ? known->second : known_.emplace(index, made(index)).first->second;
}

std::optional<std::string> ContainerEnv::made(std::size_t index) const {
  const Json& variable = env_[index];
  const Level level(depth_);
  if (level.count > kDeepest)
    throw Error(ErrorKind::refused,
                text_at(variable, "name") + " is the end of too long a row of variables that refer to one another");
  if (!variable.contains("valueFrom")) return one_line(expand(text_at(variable, "value"), index));
  const Json& from = variable["valueFrom"];
  if (from.contains("fieldRef")) return field(text_at(from["fieldRef"], "fieldPath"));
  const bool secret = from.contains("secretKeyRef");
  if (!secret && !from.contains("configMapKeyRef")) return std::nullopt;
  const Json& reference = secret ? from["secretKeyRef"] : from["configMapKeyRef"];
  const std::string name = text_at(reference, "name");
  const std::string key = text_at(reference, "key");
  const auto object = secret ? lookups_.secret(name) : lookups_.config_map(name);
  auto value = object ? value_in(*object, key, secret) : std::nullopt;
  if (!value && !flag_at(reference, "optional"))
    throw Error(ErrorKind::refused, text_at(variable, "name") + " refers to key " + key + " of " +
                                        (secret ? "secret " : "config map ") + name + ", which does not exist");
  return value;
}

std::optional<std::string> ContainerEnv::from_source(const std::string& name) const {
  for (std::size_t i = env_from_.size(); i-- > 0;) {
    const Json& source = env_from_[i];
    const std::string prefix = text_at(source, "prefix");
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    const bool secret = source.contains("secretRef");
    if (!secret && !source.contains("configMapRef")) continue;
    const std::string object_name = text_at(secret ? source["secretRef"] : source["configMapRef"], "name");
    const auto object = secret ? lookups_.secret(object_name) : lookups_.config_map(object_name);
    if (!object) continue;
    if (auto value = value_in(*object, name.substr(prefix.size()), secret)) return value;
  }
  return std::nullopt;
}

std::string ContainerEnv::expand(const std::string& text, std::size_t end) const {
  std::string expanded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      expanded += text[i];
    } else if (text[i + 1] == '$') {
      expanded += text[++i];
    } else if (const auto close = text.find(')', i); text[i + 1] == '(' && close != std::string::npos) {
      const std::string reference = text.substr(i, close - i + 1);
      // What cannot be resolved stays as it is written, as in Kubernetes.
      expanded += before(reference.substr(2, reference.size() - 3), end).value_or(reference);
      i = close;
    } else {
      expanded += text[i];
    }
    if (expanded.size() > kLongest) throw Error(ErrorKind::refused, "a variable's value is longer than any can be");
  }
  return expanded;
}

std::optional<std::string> ContainerEnv::field(const std::string& path) const {
  if (const auto bracket = path.find("['"); bracket != std::string::npos && path.size() >= bracket + 4) {
    const std::string map = path.substr(0, bracket);
    const std::string key = path.substr(bracket + 2, path.size() - bracket - 4);
    const Labels values = map == "metadata.labels" ? labels_of(pod_) : annotations_of(pod_);
    const auto value = values.find(key);
    return value == values.end() ? std::nullopt : std::optional(one_line(value->second));
  }
  if (path.find_first_of("~/") != std::string::npos) return std::nullopt;  // no such field
  std::string pointer = "/" + path;
  for (char& c : pointer)
    if (c == '.') c = '/';
  const auto at = Json::json_pointer(pointer);
  if (!pod_.contains(at) || !pod_[at].is_string()) return std::nullopt;
  return pod_[at].get<std::string>();
}

}  // namespace ms2m
