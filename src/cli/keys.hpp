// What an option, a variable and a key of config.yaml say alike, as text: one table for all three, and how the layers
// of a run go over each other.
#pragma once
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace ms2m::cli {

struct Key {
  const char* name;  ///< "ssh_config": of the option --ssh-config, too, and of MS2M_SSH_CONFIG
  std::string& (*field)(Reach& reach);
  bool secret = false;   ///< no option has it
  bool address = false;  ///< what stands before its last @ may be a login
};

const std::vector<Key>& keys();
/// nullptr: there is none of that name.
const Key* find_key(const std::string& name);

/// What is wrong with the address of the API server; "": nothing. It is not repeated: it may hold a password.
std::string server_objection(const std::string& url);

/// "ssh-config" or "ssh_config": "MS2M_SSH_CONFIG".
std::string variable_of(const std::string& name);
/// "ssh_config": "ssh-config".
std::string option_of(const std::string& key);
/// "ssh-config": "ssh_config".
std::string key_of(const std::string& option);

}  // namespace ms2m::cli
