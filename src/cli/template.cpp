#include "cli/template.hpp"

#include "cli/command_line.hpp"
#include "cli/keys.hpp"
#include "cli/settings.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

bool can_be_set(const Setting& setting, const std::string& value) {
  try {
    MigrationRequest scratch;
    setting.apply(scratch, value);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string line_of(const std::string& key, const Setting& setting) {
  const std::string value = default_of(setting);
  const std::string text = key + ": " + (can_be_set(setting, value) ? value : setting.value);
  return (can_be_set(setting, value) ? "#" : "# ") + text + "  # " + setting.help + "\n";
}

}  // namespace

std::string config_template() {
  std::string text =
      "# Settings of ms2m, below options and variables: man ms2m, FILES. Remove the # of what is to count.\n"
      "# What is in force says: ms2m config view\n\n";
  for (const Key& key : keys()) {
    std::string value = "SECRET", help = "whoever can read this file can read it";
    for (const OptionRow& row : option_rows())
      if (row.command.empty() && key_of(row.name) == key.name) {
        value = row.value;
        help = row.help;
      }
    text += "#" + std::string(key.name) + ": " + value + "  # " + help + "\n";
  }
  text += "\n";
  const std::string ending = "_timeout";
  for (const Setting& setting : settings())
    if (const std::string key = key_of(setting.name); !key.ends_with(ending)) text += line_of(key, setting);
  text += "#timeouts:\n";
  for (const Setting& setting : settings())
    if (const std::string key = key_of(setting.name); key.ends_with(ending))
      text += line_of("  " + key.substr(0, key.size() - ending.size()), setting);
  return text +
         "\n# What differs from the above for one cluster, say: ms2m --profile prod\n"
         "#profile: prod  # the one that counts where none is named\n"
         "#profiles:\n"
         "#  prod:\n"
         "#    context: prod\n"
         "#    broker: amqps://operator@rabbit.example:5671/shop\n";
}

}  // namespace ms2m::cli
