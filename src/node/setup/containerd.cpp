// Source: containerd-config.toml(5); kube-facts.md, "Restore through an OCI runtime handler"; that plugins of several
// files are merged, and not the last one's taken, is containerd 2.0's: kata-deploy draws the same line.
#include <glob.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "ms2m/node_setup.hpp"
#include "node/runtime/programs.hpp"
#include "node/runtime/toml.hpp"
#include "node/setup/marked.hpp"
#include "node/setup/real_runtime.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kRuncShim = "io.containerd.runc.v2";

struct Settings {
  std::string text;                                 ///< of config.toml
  std::vector<TomlTable> tables;                    ///< its own
  std::string plugin;                               ///< that has the runtimes, in this version of the file
  std::optional<std::vector<std::string>> imports;  ///< as they stand there
};

std::string by_hand(const std::string& plugin) {
  return "add by hand the table " + plugin + ".containerd.runtimes." + kHandlerName + " with runtime_type = \"" +
         kRuncShim +
         "\", pod_annotations = [\"ms2m.io/*\"] and the options of the default runtime, but BinaryName = \"" +
         kHandlerPath + "\"";
}

/// As the node's object has it; who stands on the node itself asks the program there.
std::string version_of(const SetupPlace& place, const RuntimeRow& row, const StopToken& stop) {
  const std::string told = place.runtime.substr(std::string(row.version).size());
  const std::string containerd = told.empty() ? find_program(place.system, "containerd") : "";
  if (containerd.empty()) return told;
  // "containerd github.com/containerd/containerd/v2 v2.1.9 <commit>"; Debian's has no v.
  std::istringstream said(tool_output({containerd, "--version"}, true, stop));
  std::string word, version;
  for (int i = 0; i < 3 && said >> word; ++i) version = i == 2 ? word : "";
  return version.starts_with('v') ? version.substr(1) : version;
}

Settings read_settings(const SetupPlace& place, const RuntimeRow& row, const StopToken& stop) {
  const auto text = without_marked(text_of(place, row.settings));
  if (!text)
    throw not_understood(place, std::string("there is no ") + row.settings + ", so its version cannot be told",
                         "containerd config default > /etc/containerd/config.toml");
  Settings settings{*text, read_tables(*text), "", std::nullopt};
  const std::string version = last_value(settings.tables, {}, "version").value_or("1");
  if (version == "2") settings.plugin = "plugins.'io.containerd.grpc.v1.cri'";
  if (version == "3") settings.plugin = "plugins.'io.containerd.cri.v1.runtime'";
  if (settings.plugin.empty())
    throw not_understood(place, std::string(row.settings) + " is of version " + version + ", which is not known here",
                         by_hand("of its CRI plugin"));
  const std::string own = version_of(place, row, stop);
  if (std::atoi(own.c_str()) < 2)
    throw not_understood(place,
                         own.empty() ? "the version of its containerd cannot be told"
                                     : row.version + own + " does not merge drop-in files",
                         by_hand(settings.plugin));
  if (const auto imports = last_value(settings.tables, {}, "imports")) {
    settings.imports = string_list(*imports);
    if (!settings.imports)
      throw not_understood(place, std::string("imports of ") + row.settings + " cannot be followed: " + *imports,
                           by_hand(settings.plugin));
  }
  return settings;
}

/// Of the files that it imports, without ours.
std::vector<TomlTable> imported(const SetupPlace& place, const RuntimeRow& row, const Settings& settings) {
  std::vector<TomlTable> all;
  for (const std::string& pattern : settings.imports.value_or(std::vector<std::string>{})) {
    const std::string whole = place.system + (pattern.starts_with('/') ? "" : "/etc/containerd/") + pattern;
    glob_t found{};
    const std::unique_ptr<glob_t, void (*)(glob_t*)> guard(&found, ::globfree);
    ::glob(whole.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      const std::string path = std::string(found.gl_pathv[i]).substr(place.system.size());
      if (path == row.drop_in) continue;
      const auto tables = read_tables(text_of(place, path).value_or(""));
      all.insert(all.end(), tables.begin(), tables.end());
    }
  }
  return all;
}

void refuse_another(const SetupPlace& place, const std::vector<TomlTable>& tables) {
  for (const TomlTable& each : tables)
    if (each.ends_with({"runtimes", kHandlerName}))
      throw not_understood(place, std::string("containerd has a runtime ") + kHandlerName + " that is not this tool's",
                           "give it another name in its configuration there, or remove it");
}

/// Behind the version, which is before the first table.
std::size_t after_version(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const auto first = text.find_first_not_of(" \t\"'", at);
    if (first == std::string::npos) break;
    if (text.compare(first, 7, "version") == 0) return end;
    at = end;
  }
  return 0;
}

}  // namespace

RealRuntime find_containerd_runtime(const SetupPlace& place, const StopToken& stop) {
  const RuntimeRow& row = row_of(place);
  const Settings settings = read_settings(place, row, stop);
  std::vector<TomlTable> tables = settings.tables;
  const auto others = imported(place, row, settings);
  tables.insert(tables.end(), others.begin(), others.end());
  refuse_another(place, tables);
  const std::string containerd = find_program(place.system, "containerd");
  const std::string said = containerd.empty() ? "" : tool_output({containerd, "config", "dump"}, true, stop);
  if (!said.empty()) tables = read_tables(said);

  const std::string name =
      plain_string(last_value(tables, {"containerd"}, "default_runtime_name").value_or("\"runc\""));
  const std::vector<std::string> table{"runtimes", name};
  const std::string type = plain_string(last_value(tables, table, "runtime_type").value_or("\"\""));
  if (name == kHandlerName || (!type.empty() && type != kRuncShim))
    throw not_understood(place, "containerd's default runtime " + name + " has the type " + type,
                         std::string("set default_runtime_name to one of the type ") + kRuncShim);
  std::string options;
  RealRuntime real;
  for (const TomlTable& each : tables) {
    if (!each.ends_with({"runtimes", name, "options"})) continue;
    for (const auto& [key, value] : each.values)
      if (key == "BinaryName")
        real.path = plain_string(value);
      else
        options += key + " = " + value + "\n";
  }
  if (!real.path.starts_with('/')) real.path = find_program(place.system, real.path.empty() ? "runc" : real.path);
  real.kind = kind_of(place, real.path, stop);
  const std::string runtime = settings.plugin + ".containerd.runtimes." + kHandlerName;
  real.drop_in = "version = " + last_value(settings.tables, {}, "version").value_or("") + "\n[" + runtime +
                 "]\nruntime_type = \"" + kRuncShim + "\"\npod_annotations = [\"ms2m.io/*\"]\n[" + runtime +
                 ".options]\nBinaryName = \"" + kHandlerPath + "\"\n" + options;

  const std::string pattern = std::string(row.drop_ins) + "/*" + row.suffix;
  if (!settings.imports) {
    real.import = "imports = [\"" + pattern + "\"]\n";
    real.import_at = after_version(settings.text);
  } else if (std::find(settings.imports->begin(), settings.imports->end(), pattern) == settings.imports->end()) {
    throw not_understood(place, std::string(row.settings) + " imports other files than " + pattern,
                         "add \"" + pattern + "\" to its imports there");
  }
  return real;
}

}  // namespace ms2m::node
