// The settings of a migration that have a value: one table for the command line, config.yaml and the help.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "ms2m/request.hpp"

namespace ms2m::cli {

struct Setting {
  const char* name;   ///< "quiet-timeout"; in config.yaml "quiet_timeout", or "quiet" below "timeouts"
  const char* value;  ///< what stands for the value in the help: "DURATION"
  const char* help;   ///< with the default
  void (*apply)(MigrationRequest& request, const std::string& value);  ///< Error{usage} when the value is wrong
  std::vector<std::string> words{};                                    ///< the only values, when there are but a few
};

const std::vector<Setting>& settings();

/// What is in force where nobody says anything, as its help tells it: "15s", "shadow", "no limit".
std::string default_of(const Setting& setting);

/// Setting name -> value, as given.
using SettingValues = std::map<std::string, std::string>;

/// Error{usage} when a value is wrong (names are known to be right).
void apply_settings(MigrationRequest& request, const SettingValues& values);

/// What settings exclude each other: Error{usage}.
void check_combination(const MigrationRequest& request);

}  // namespace ms2m::cli
