#include "cli/config_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "base/one_line.hpp"
#include "cli/broker_choice.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

class ConfigReader {
 public:
  explicit ConfigReader(Config& config)
      : config_(config),
        strings_{{"broker", &config.broker.uri},
                 {"broker_api", &config.broker.api},
                 {"broker_ca", &config.broker.ca},
                 {"broker_cert", &config.broker.certificate},
                 {"broker_key", &config.broker.key},
                 {"broker_password", &config.broker.password},
                 {"queue", &config.broker.queue},
                 {"ssh_config", &config.ssh.config},
                 {"ssh_host", &config.ssh.host},
                 {"node_program", &config.ssh.node_program},
                 {"transfer", &config.ssh.transfer},
                 {"agent_namespace", &config.ssh.agent_namespace},
                 {"agent_address", &config.ssh.agent_address},
                 {"registry", &config.ssh.registry},
                 {"registry_ca", &config.ssh.registry_ca}} {}

  void read(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!root.IsMap()) throw wrong(root, "the file must be a map of settings");
    for (const auto& entry : root) {
      const auto key = entry.first.Scalar();
      if (key == "timeouts")
        read_timeouts(entry.second);
      else if (const auto text = strings_.find(key); text != strings_.end())
        *text->second = scalar(entry.first, entry.second);
      else if (!set(entry.first, entry.second, key))
        throw wrong(entry.first, "unknown key '" + key + "'");
    }
  }

 private:
  void read_timeouts(const YAML::Node& timeouts) {
    if (!timeouts.IsMap()) throw wrong(timeouts, "'timeouts' must be a map such as {quiet: 10s}");
    for (const auto& entry : timeouts)
      if (!set(entry.first, entry.second, entry.first.Scalar() + "_timeout"))
        throw wrong(entry.first, "unknown key 'timeouts." + entry.first.Scalar() + "'");
  }

  /// false: there is no setting of that name.
  bool set(const YAML::Node& key, const YAML::Node& value, std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    for (const auto& setting : settings()) {
      if (name != setting.name) continue;
      MigrationRequest scratch;
      try {
        setting.apply(scratch, scalar(key, value));
      } catch (const Error& error) {
        throw wrong(value, error.message());
      }
      config_.settings[name] = scalar(key, value);
      return true;
    }
    return false;
  }

  std::string scalar(const YAML::Node& key, const YAML::Node& value) const {
    if (!value.IsScalar()) throw wrong(key, "'" + key.Scalar() + "' must be a single value");
    return one_line(value.Scalar());
  }

  Error wrong(const YAML::Node& where, const std::string& what) const {
    return Error(ErrorKind::usage, fmt::format("{}:{}: {}", config_.path, where.Mark().line + 1, what));
  }

  Config& config_;
  const std::map<std::string, std::string*> strings_;
};

bool others_may_read(const std::filesystem::path& path) {
  using std::filesystem::perms;
  std::error_code ignored;
  return (std::filesystem::status(path, ignored).permissions() & (perms::group_read | perms::others_read)) !=
         perms::none;
}

}  // namespace

Config read_config(const std::filesystem::path& path) {
  Config config;
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return config;
  config.path = path.string();
  std::ifstream in(path);
  if (!in) throw Error(ErrorKind::usage, config.path + " cannot be read");
  try {
    ConfigReader(config).read(YAML::Load(in));
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::usage, fmt::format("{}:{}: {}", config.path, error.mark.line + 1, error.msg));
  }
  config.exposed_secret = (has_password(config.broker.uri) || !config.broker.password.empty()) && others_may_read(path);
  return config;
}

}  // namespace ms2m::cli
