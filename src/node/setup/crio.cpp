// Source: crio.conf(5), crio.conf.d(5); kube-facts.md, "Restore through an OCI runtime handler".
#include <array>

#include "ms2m/node_setup.hpp"
#include "node/runtime/programs.hpp"
#include "node/runtime/toml.hpp"
#include "node/setup/real_runtime.hpp"

namespace ms2m::node {
namespace {

const std::vector<std::string> kRuntimes{"crio", "runtime", "runtimes"};

std::vector<std::string> table(const std::string& runtime) {
  std::vector<std::string> name = kRuntimes;
  name.push_back(runtime);
  return name;
}

/// crio.conf and what lies in crio.conf.d, without our own.
std::string files(const SetupPlace& place, const RuntimeRow& row) {
  std::string all;
  const auto add = [&](const std::string& path) {
    const std::string text = text_of(place, path).value_or("") + "\n";
    for (const TomlTable& each : read_tables(text))
      if (each.name == table(kHandlerName))
        throw not_understood(place, path + " has a runtime " + kHandlerName + " that is not this tool's",
                             "give it another name there, or remove it");
    all += text;
  };
  add(row.settings);
  for (const std::string& name : names_of(place, row.drop_ins))
    if (std::string(row.drop_ins) + "/" + name != row.drop_in) add(std::string(row.drop_ins) + "/" + name);
  return all;
}

}  // namespace

RealRuntime find_crio_runtime(const SetupPlace& place, const StopToken& stop) {
  const RuntimeRow& row = row_of(place);
  const std::string written = files(place, row);
  const std::string crio = find_program(place.system, "crio");
  const std::string said = crio.empty() ? "" : tool_output({crio, "status", "config"}, true, stop);
  const auto tables = read_tables(said.empty() ? written : said);
  const std::string name =
      plain_string(last_value(tables, {"crio", "runtime"}, "default_runtime").value_or("\"crun\""));
  const auto value = [&](const char* key) { return last_value(tables, table(name), key).value_or(""); };

  const std::string type = plain_string(value("runtime_type"));
  if (name == kHandlerName || (!type.empty() && type != "oci"))
    throw not_understood(place, "CRI-O's default runtime " + name + " is no OCI runtime that ms2m can stand before",
                         "set default_runtime to crun or runc in /etc/crio/crio.conf.d");
  RealRuntime real;
  real.path = plain_string(value("runtime_path"));
  if (real.path.empty()) real.path = find_program(place.system, name);
  real.kind = kind_of(place, real.path, stop);
  const std::string root = plain_string(value("runtime_root"));
  real.root = root.empty() ? "/run/" + real.kind : root;
  real.drop_in = std::string("[crio.runtime.runtimes.") + kHandlerName + "]\nruntime_path = \"" + kHandlerPath +
                 "\"\nruntime_type = \"oci\"\nruntime_root = \"" + real.root + "\"\n";
  // As the real one is monitored.
  constexpr std::array<const char*, 7> kSame{"monitor_path",        "monitor_cgroup",
                                             "monitor_exec_cgroup", "monitor_env",
                                             "allowed_annotations", "privileged_without_host_devices",
                                             "container_min_memory"};
  for (const char* key : kSame)
    if (const std::string same = value(key); !same.empty() && same != "\"\"" && same != "[]")
      real.drop_in += std::string(key) + " = " + same + "\n";
  return real;
}

std::string kind_of(const SetupPlace& place, const std::string& path, const StopToken& stop) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (path.starts_with('/') && path != kHandlerPath) {
    if (name == "crun" || name == "runc") return name;
    const std::string said = tool_output({path, "--version"}, true, stop);
    for (const char* kind : {"crun", "runc"})
      if (said.starts_with(std::string(kind) + " version")) return kind;
  }
  throw not_understood(
      place, path.empty() ? "its OCI runtime cannot be found" : "its OCI runtime " + path + " is neither crun nor runc",
      "install crun or runc there and make it the default runtime");
}

}  // namespace ms2m::node
