// $XDG_CONFIG_HOME/ms2m/config.yaml.
#pragma once
#include <filesystem>
#include <set>
#include <string>

#include "cli/options.hpp"
#include "cli/settings.hpp"
#include "ms2m/prune.hpp"

namespace ms2m::cli {

struct Config : Reach {
  std::string path;     ///< empty: there is no such file
  std::string profile;  ///< the one that is in force; empty: none
  SettingValues settings;
  std::set<std::string> of_profile;  ///< the keys that the profile says
  JournalLimits journals;
  bool exposed_secret = false;  ///< holds a password and can be read by others
};

/// Which of the two says what stands under that key: "profile prod", or the file's path.
std::string origin_of(const Config& config, const std::string& key);

/// What a profile says goes over what the file says outside of it; one that names a broker takes no password and no
/// certificate from there, and one that names a cluster no other way to it and no token. `profile` empty: the one that
/// the file names itself. A missing file is an empty Config. Error{usage} with "FILE:LINE: ..." for everything that is
/// not known or not right, in every profile, and for a profile that is not there.
Config read_config(const std::filesystem::path& path, const std::string& profile = {});

}  // namespace ms2m::cli
