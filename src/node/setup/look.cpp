#include <algorithm>

#include "ms2m/json.hpp"
#include "node/runtime/settings.hpp"
#include "node/setup/marked.hpp"
#include "node/setup/real_runtime.hpp"
#include "node/setup/running.hpp"
#include "node/setup/setup.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kMade = "directories";  // of the handler's settings: those that were not there before

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The directories that an earlier setup has made, outer ones first. Error{refused} for settings of somebody else's.
std::vector<std::string> made_before(const SetupPlace& place, const Text& settings) {
  std::vector<std::string> made;
  if (!settings) return made;
  const Json json = Json::parse(*settings, nullptr, false);
  if (!json.is_object() || !json.contains("version") || !json.contains("runtime"))
    throw not_understood(place, std::string(kHandlerSettings) + " is not the runtime handler's", "remove it there");
  for (const Json& each : json.value(kMade, Json::array()))
    if (each.is_string() && is_setup_path(row_of(place), each.get<std::string>())) made.push_back(each);
  return made;
}

/// Those above `path` that are not there.
std::vector<std::string> missing_above(const SetupPlace& place, const std::string& path) {
  std::vector<std::string> missing;
  for (std::string each = parent(path); !each.empty() && !is_directory(place, each); each = parent(each))
    missing.insert(missing.begin(), each);
  return missing;
}

std::string handler_settings(const RealRuntime& real, const std::vector<std::string>& made) {
  const Json json{
      {"version", 1}, {"runtime", real.path}, {"kind", real.kind}, {"root", real.root}, {kMade, Json(made)}};
  return json.dump(2) + "\n";
}

/// The file that CRIU gets from that runtime: crun takes runc's where there is none of its own.
SetupFile criu_file(const SetupPlace& place, const std::string& kind) {
  const std::string runc = std::string(kCriuDirectory) + "/runc.conf",
                    crun = std::string(kCriuDirectory) + "/crun.conf";
  SetupFile file{runc, SetupKind::text, {}, {}};
  if (kind == "crun") {
    const Text own = text_of(place, crun);
    if (without_marked(own) || !without_marked(text_of(place, runc))) file.path = crun;
  }
  file.before = text_of(place, file.path);
  const Text theirs = without_marked(file.before);
  const auto options = read_criu_options(theirs.value_or(""));
  if (options.count("tcp-established") > 0)
    throw not_understood(place, file.path + " has tcp-established, and a copy's connections have to close",
                         "replace it by tcp-close there");
  std::string missing;
  for (const char* option : {"tcp-close", "skip-in-flight"})
    if (options.count(option) == 0) missing += std::string(option) + "\n";
  file.after = with_marked(theirs, missing);
  return file;
}

SetupFile drop_in(const SetupPlace& place, const RealRuntime& real) {
  SetupFile file{row_of(place).drop_in, SetupKind::text, text_of(place, row_of(place).drop_in), {}};
  if (without_marked(file.before))
    throw not_understood(place, file.path + " has lines that ms2m node setup did not write",
                         "move them to another file");
  file.after = with_marked({}, real.drop_in);
  return file;
}

std::vector<SetupFile> to_install(const SetupPlace& place, const StopToken& stop) {
  const RuntimeRow& row = row_of(place);
  const RealRuntime real =
      std::string(row.service) == "crio" ? find_crio_runtime(place, stop) : find_containerd_runtime(place, stop);
  const Text settings = text_of(place, kHandlerSettings), earlier = build_of(place, kEarlierProgram);
  const Text program = build_of(place, kProgramPath);
  std::vector<SetupFile> files;
  if (earlier || (program && !settings))
    files.push_back({kEarlierProgram, SetupKind::program, earlier, earlier ? earlier : program});
  // Before the program: what is there without it was there before.
  files.push_back({kHandlerSettings, SetupKind::text, settings, {}});
  const std::size_t own = files.size() - 1;
  files.push_back({kProgramPath, SetupKind::program, program, place.build});
  files.push_back({kHandlerPath, SetupKind::link, link_of(place, kHandlerPath), kHandlerTarget});
  files.push_back(criu_file(place, real.kind));
  files.push_back(drop_in(place, real));
  if (!real.import.empty()) {
    const Text before = text_of(place, row.settings);
    files.push_back(
        {row.settings, SetupKind::text, before, with_marked(without_marked(before), real.import, real.import_at)});
  }
  std::vector<std::string> made = made_before(place, settings), directories;
  for (const SetupFile& file : files)
    for (const std::string& each : missing_above(place, file.path))
      if (std::find(directories.begin(), directories.end(), each) == directories.end()) directories.push_back(each);
  for (const std::string& each : directories)
    if (std::find(made.begin(), made.end(), each) == made.end()) made.push_back(each);
  files[own].after = handler_settings(real, made);
  std::vector<SetupFile> first;
  for (const std::string& each : directories) first.push_back({each, SetupKind::directory, {}, ""});
  files.insert(files.begin(), first.begin(), first.end());
  return files;
}

std::vector<SetupFile> to_remove(const SetupPlace& place) {
  const RuntimeRow& row = row_of(place);
  const std::string criu = kCriuDirectory;
  std::vector<SetupFile> files;
  for (const std::string& path :
       {std::string(row.settings), std::string(row.drop_in), criu + "/crun.conf", criu + "/runc.conf"})
    if (const Text before = text_of(place, path); before && without_marked(before) != before)
      files.push_back({path, SetupKind::text, before, without_marked(before)});
  const Text settings = text_of(place, kHandlerSettings), link = link_of(place, kHandlerPath);
  if (!settings && link != kHandlerTarget) return files;  // a program there is somebody's own
  if (link == kHandlerTarget) files.push_back({kHandlerPath, SetupKind::link, link, {}});
  const Text earlier = build_of(place, kEarlierProgram);
  files.push_back({kProgramPath, SetupKind::program, build_of(place, kProgramPath), earlier});
  if (earlier) files.push_back({kEarlierProgram, SetupKind::program, earlier, {}});
  files.push_back({kHandlerSettings, SetupKind::text, settings, {}});
  auto made = made_before(place, settings);
  std::reverse(made.begin(), made.end());
  for (const std::string& each : made)
    if (is_directory(place, each)) files.push_back({each, SetupKind::directory, "", {}});
  return files;
}

}  // namespace

NodeSetupPlan look_at_setup(const SetupPlace& place, SetupWay way, const StopToken& stop) {
  const RuntimeRow& row = row_of(place);
  NodeSetupPlan plan{place.runtime, row.service, {}, {}};
  plan.files = way == SetupWay::install ? to_install(place, stop) : to_remove(place);
  if (way == SetupWay::install) plan.outdated = older_than(place.system + row.drop_in, row.service);
  return plan;
}

void look_at_handler(const SetupPlace& place, NodeTools& tools) try {
  if (link_of(place, kHandlerPath) != kHandlerTarget) return;
  tools.handler = build_of(place, kProgramPath).value_or("");
  const RuntimeRow* row = runtime_row(place.runtime);
  tools.handler_configured = row != nullptr && text_of(place, kHandlerSettings) && text_of(place, row->drop_in);
} catch (const Error&) {  // what is not ours there is no handler
}

}  // namespace ms2m::node
