#include "cli/config_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "base/one_line.hpp"
#include "cli/broker_choice.hpp"
#include "cli/keys.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

class ConfigReader {
 public:
  explicit ConfigReader(std::string path) : path_(std::move(path)) {}

  /// All of the file; the profiles by their names.
  void read_file(const YAML::Node& root, Config& config, std::map<std::string, Config>& profiles) {
    if (root.IsNull()) return;
    read(root, config, [&](const YAML::Node& key, const YAML::Node& value) {
      if (key.Scalar() == "profile") {
        config.profile = scalar(key, value);
      } else if (key.Scalar() == "profiles") {
        if (!value.IsMap()) throw wrong(key, "'profiles' must be a map of names, each with settings");
        for (const auto& each : value)
          read(each.second, profiles[each.first.Scalar()], [](const YAML::Node&, const YAML::Node&) { return false; });
      } else if (key.Scalar() == "journals") {
        read_journals(value, config.journals);
      } else {
        return false;
      }
      return true;
    });
  }

  Error wrong(const YAML::Node& where, const std::string& what) const {
    return Error(ErrorKind::usage, fmt::format("{}:{}: {}", path_, where.Mark().line + 1, what));
  }

 private:
  /// The text of that key, as the field has it.
  std::string text_of(const Key& known, const YAML::Node& key, const YAML::Node& value) const {
    if (known.name == std::string("as_group")) return list(key, value);
    std::string text = scalar(key, value);
    if (known.name == std::string("server"))
      if (const std::string objection = server_objection(text); !objection.empty())
        throw wrong(value, "'server': " + objection);
    return text;
  }

  /// `other` takes what is no setting; false: it is none of its keys.
  void read(const YAML::Node& map, Config& into,
            const std::function<bool(const YAML::Node& key, const YAML::Node& value)>& other) const {
    if (!map.IsMap()) throw wrong(map, "the file, and each profile in it, must be a map of settings");
    for (const auto& entry : map) {
      const auto name = entry.first.Scalar();
      if (name == "timeouts")
        read_timeouts(entry.second, into);
      else if (const Key* key = find_key(name); key != nullptr)
        key->field(into) = text_of(*key, entry.first, entry.second);
      else if (!set(entry.first, entry.second, name, into) && !other(entry.first, entry.second))
        throw wrong(entry.first, "unknown key '" + name + "'");
    }
  }

  /// One, or several, one a line.
  std::string list(const YAML::Node& key, const YAML::Node& value) const {
    if (!value.IsSequence()) return scalar(key, value);
    std::string text;
    for (const auto& item : value) text += (text.empty() ? "" : "\n") + scalar(key, item);
    return text;
  }

  void read_timeouts(const YAML::Node& timeouts, Config& into) const {
    if (!timeouts.IsMap()) throw wrong(timeouts, "'timeouts' must be a map such as {quiet: 10s}");
    for (const auto& entry : timeouts)
      if (!set(entry.first, entry.second, entry.first.Scalar() + "_timeout", into))
        throw wrong(entry.first, "unknown key 'timeouts." + entry.first.Scalar() + "'");
  }

  void read_journals(const YAML::Node& journals, JournalLimits& into) const {
    if (!journals.IsMap()) throw wrong(journals, "'journals' must be a map such as {days: 90, count: 500}");
    for (const auto& entry : journals) {
      const auto key = entry.first.Scalar();
      if (key == "days")
        into.age = std::chrono::hours(24) * number(entry.first, entry.second);
      else if (key == "count")
        into.count = static_cast<std::size_t>(number(entry.first, entry.second));
      else
        throw wrong(entry.first, "unknown key 'journals." + key + "'");
    }
  }

  int number(const YAML::Node& key, const YAML::Node& value) const {
    constexpr int kMost = 1000000;
    const std::string text = scalar(key, value);
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > kMost)
      throw wrong(value, fmt::format("'{}' must be a number from 1 to {}", key.Scalar(), kMost));
    return number;
  }

  /// false: there is no setting of that name.
  bool set(const YAML::Node& key, const YAML::Node& value, std::string name, Config& into) const {
    std::replace(name.begin(), name.end(), '_', '-');
    for (const auto& setting : settings()) {
      if (name != setting.name) continue;
      MigrationRequest scratch;
      try {
        setting.apply(scratch, scalar(key, value));
      } catch (const Error& error) {
        throw wrong(value, error.message());
      }
      into.settings[name] = scalar(key, value);
      return true;
    }
    return false;
  }

  std::string scalar(const YAML::Node& key, const YAML::Node& value) const {
    if (!value.IsScalar()) throw wrong(key, "'" + key.Scalar() + "' must be a single value");
    return one_line(value.Scalar());
  }

  const std::string path_;
};

/// What stands outside of the profile and is of another broker, cluster or person than the profile's.
void drop_what_is_anothers(const Config& profile, Config& config) {
  if (!profile.broker.uri.empty()) {
    const std::string queue = config.broker.queue;
    config.broker = {};
    config.broker.queue = queue;
  }
  const KubeReach& kube = profile.kube;
  if (!kube.kubeconfig.empty()) config.kube.context.clear();
  if (!kube.kubeconfig.empty() || !kube.context.empty())
    for (std::string* other : {&config.kube.cluster, &config.kube.user, &config.kube.server}) other->clear();
  for (const std::string* said : {&kube.kubeconfig, &kube.context, &kube.cluster, &kube.user, &kube.server})
    if (!said->empty()) {
      config.kube.token.clear();
      config.kube.token_file.clear();
    }
  if (!kube.token.empty()) config.kube.token_file.clear();
  if (!kube.token_file.empty()) config.kube.token.clear();
  if (!kube.as.empty()) {
    config.kube.as_uid.clear();
    config.kube.as_groups.clear();
  }
}

void put_over(Config& profile, Config& config) {
  drop_what_is_anothers(profile, config);
  for (const Key& key : keys())
    if (const std::string& value = key.field(profile); !value.empty()) {
      key.field(config) = value;
      config.of_profile.insert(key.name);
    }
  for (const auto& [name, value] : profile.settings) {
    config.settings[name] = value;
    config.of_profile.insert(name);
  }
}

bool holds_secret(Config& config) {
  return has_password(config.broker.uri) || std::any_of(keys().begin(), keys().end(), [&](const Key& key) {
           return key.secret && !key.field(config).empty();
         });
}

bool others_may_read(const std::filesystem::path& path) {
  using std::filesystem::perms;
  std::error_code ignored;
  return (std::filesystem::status(path, ignored).permissions() & (perms::group_read | perms::others_read)) !=
         perms::none;
}

}  // namespace

std::string origin_of(const Config& config, const std::string& key) {
  return config.of_profile.count(key) == 0 ? config.path : "profile " + config.profile;
}

Config read_config(const std::filesystem::path& path, const std::string& wanted) {
  Config config;
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) {
    if (!wanted.empty())
      throw Error(
          ErrorKind::usage,
          fmt::format("there is no profile '{}': there is no {}", wanted, path.empty() ? "HOME" : path.string()),
          "make one: ms2m config init");
    return config;
  }
  config.path = path.string();
  std::map<std::string, Config> profiles;
  std::ifstream in(path);
  if (!in) throw Error(ErrorKind::usage, config.path + " cannot be read");
  try {
    ConfigReader(config.path).read_file(YAML::Load(in), config, profiles);
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::usage, fmt::format("{}:{}: {}", config.path, error.mark.line + 1, error.msg));
  }
  bool secret = holds_secret(config);
  for (auto& [name, profile] : profiles) secret = holds_secret(profile) || secret;
  config.exposed_secret = secret && others_may_read(path);
  if (!wanted.empty()) config.profile = wanted;
  if (config.profile.empty()) return config;
  const auto profile = profiles.find(config.profile);
  if (profile == profiles.end()) {
    std::string names;
    for (const auto& [name, each] : profiles) names += (names.empty() ? "" : ", ") + name;
    throw Error(ErrorKind::usage, fmt::format("there is no profile '{}' in {}", config.profile, config.path),
                "profiles there: " + (names.empty() ? "none" : names));
  }
  put_over(profile->second, config);
  return config;
}

}  // namespace ms2m::cli
