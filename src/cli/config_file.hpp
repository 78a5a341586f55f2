// $XDG_CONFIG_HOME/ms2m/config.yaml.
#pragma once
#include <filesystem>
#include <string>

#include "cli/options.hpp"
#include "cli/settings.hpp"
#include "ms2m/prune.hpp"

namespace ms2m::cli {

struct Config {
  std::string path;  ///< empty: there is no such file
  BrokerOptions broker;
  SshOptions ssh;
  SettingValues settings;
  JournalLimits journals;
  bool exposed_secret = false;  ///< holds a password and can be read by others
};

/// A missing file is an empty Config. Error{usage} with "FILE:LINE: ..." for everything that is not known or not right.
Config read_config(const std::filesystem::path& path);

}  // namespace ms2m::cli
