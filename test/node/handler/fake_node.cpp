#include "fake_node.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/base64.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"

namespace ms2m::test {
namespace {

namespace fs = std::filesystem;

// One directory per call: what came is written down, then the command's own piece of shell is run.
constexpr const char* kRuntime = R"(#!/bin/bash
cd "${0%/*}"
n=$EPOCHREALTIME-$$
mkdir "calls/$n"
printf '%s\0' "$@" >"calls/$n/arguments"
cat /proc/$$/environ >"calls/$n/environment"
for command; do
  [[ $command == --root || $command == --log || $command == --log-format ]] && { skip=1; continue; }
  [[ ${skip:-} ]] && { skip=; continue; }
  [[ $command == -* ]] || break
done
for last; do :; done
if [[ -e do/$command ]]; then . "do/$command"; else cat >"calls/$n/input"; fi
)";

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string each; std::getline(in, each, by);) all.push_back(each);
  return all;
}

posix::RunResult run(std::vector<std::string> argv, const std::string& input, const std::string& programs) {
  posix::RunSpec spec;
  spec.process.argv = std::move(argv);
  spec.process.env = {{"MS2M_TEST", "kept as it is"}, {"PATH", programs + ":" + std::getenv("PATH")}};
  spec.input = input;
  return posix::run_process(spec, StopToken().within(std::chrono::seconds(60)), "running the handler");
}

}  // namespace

FakeNode::FakeNode() {
  for (const char* each : {"calls", "do", "bundle/rootfs"}) fs::create_directories(path(each));
  put(path("real"), kRuntime);
  fs::permissions(path("real"), fs::perms::owner_all);
  configure();
  // As what CRIU restores: with none of the descriptors of whoever restores it, from before the runtime has ended.
  at("restore",
     "read -r restored < <(exec bash -c 'for f in /proc/$$/fd/*; do f=${f##*/}; [ $f -le 2 ] || eval \"exec $f>&-\"; "
     "done; echo $$; exec sleep 1000 >/dev/null' </dev/null 2>/dev/null); echo $restored >restored");
  at("delete", "[[ ! -e restored ]] || kill -9 $(cat restored)");
  at("state",
     "echo \"{\\\"ociVersion\\\":\\\"1.0.0\\\",\\\"status\\\": "
     "\\\"running\\\",\\\"annotations\\\":{\\\"status\\\":\\\"running\\\"}}\"");
}

FakeNode::~FakeNode() {
  if (const int process = restored_process(); process > 0) ::kill(process, SIGKILL);
}

void FakeNode::configure(const std::string& root, const std::string& kind) const {
  put(path("runtime.json"), Json{{"version", 1}, {"runtime", path("real")}, {"kind", kind}, {"root", root}}.dump());
  ::chmod(path("runtime.json").c_str(), 0644);
}

void FakeNode::write_bundle(const std::string& annotation, const std::string& container,
                            const std::string& type) const {
  Json annotations{{"io.kubernetes.cri-o.ContainerType", type},
                   {"io.kubernetes.cri-o.ImageRef", kImage},
                   {"io.kubernetes.pod.namespace", "shop"},
                   {"io.kubernetes.pod.name", "consumer-0-m"},
                   {"io.kubernetes.pod.uid", kUid},
                   {"io.kubernetes.container.name", container}};
  if (!annotation.empty()) annotations["ms2m.io/restore"] = annotation;
  const Json config{{"annotations", annotations}, {"root", {{"path", "rootfs"}}}, {"process", Json::object()}};
  put(bundle() + "/config.json", config.dump());
}

void FakeNode::write_containerd_bundle(const std::string& annotation, const std::string& image) const {
  const Json annotations{{"io.kubernetes.cri.container-type", "container"},
                         {"io.kubernetes.cri.sandbox-namespace", "shop"},
                         {"io.kubernetes.cri.sandbox-name", "consumer-0-m"},
                         {"io.kubernetes.cri.sandbox-uid", kUid},
                         {"io.kubernetes.cri.container-name", "consumer"},
                         {"ms2m.io/restore", annotation}};
  put(bundle() + "/config.json",
      Json{{"annotations", annotations}, {"root", {{"path", "rootfs"}}}, {"process", Json::object()}}.dump());
  const Json metadata{{"Version", "v1"}, {"Metadata", {{"ImageRef", "sha256:" + image}}}};
  const Json info{
      {"Extensions", {{"io.cri-containerd.container.metadata", {{"value", base64_encode(metadata.dump())}}}}}};
  put(path("info"), info.dump());
  put(path("bin/ctr"), "#!/bin/bash\n[[ \"$*\" == \"-n k8s.io containers info " + kContainer +
                           "\" ]] || { echo \"ctr: not found: $*\" >&2; exit 1; }\ncat " + path("info") + "\n");
  fs::permissions(path("bin/ctr"), fs::perms::owner_all);
}

posix::RunResult FakeNode::handler(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> argv{MS2M_RUNTIME_AT, directory_.path().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(std::move(argv), input, path("bin"));
}

std::unique_ptr<posix::Child> FakeNode::begin(const std::vector<std::string>& arguments) const {
  posix::ProcessSpec spec;
  spec.argv = {MS2M_RUNTIME_AT, directory_.path().string()};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.env = {{"PATH", path("bin") + ":" + std::getenv("PATH")}};
  return std::make_unique<posix::Child>(spec);
}

posix::RunResult FakeNode::runtime(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> argv{path("real")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(std::move(argv), input, path("bin"));
}

std::vector<Call> FakeNode::calls() const {
  std::vector<fs::path> directories;
  for (const auto& each : fs::directory_iterator(path("calls"))) directories.push_back(each.path());
  std::sort(directories.begin(), directories.end());
  std::vector<Call> all;
  for (const auto& each : directories)
    all.push_back({split(content(each / "arguments"), '\0'), content(each / "environment"), content(each / "input")});
  return all;
}

std::vector<std::string> FakeNode::commands() const {
  std::vector<std::string> all;
  for (const Call& call : calls())
    for (const std::string& word : call.arguments)
      if (word == "create" || word == "restore" || word == "start" || word == "state" || word == "delete") {
        all.push_back(word);
        break;
      }
  return all;
}

void FakeNode::at(const std::string& command, const std::string& shell) const {
  put(path("do/" + command), shell + "\n");
}

node::RestorePlace FakeNode::prepare(std::uint64_t wait_ms) const {
  node::Record record;
  record.id = kId;
  record.target = {"shop", "consumer-0-m", "consumer", kImage};
  record.wait_ms = wait_ms;
  record.expires = static_cast<std::uint64_t>(std::time(nullptr)) + 600;
  store().prepare(record);
  write_bundle(kId + "/consumer");
  return *node::RestorePlace::open(path("restores"), kId);
}

void FakeNode::bind(node::RestorePlace& place) const {
  place.change([](node::Record& record) { record.uid = kUid; });
}

node::RestorePlace FakeNode::ready() const {
  auto place = prepare();
  place.change([](node::Record& record) { record.uid = kUid, record.ready = true; });
  return place;
}

int FakeNode::restored_process() const {
  const std::string pid = content(path("restored"));
  return pid.empty() ? -1 : std::stoi(pid);
}

bool becomes_true(const std::function<bool()>& holds) {
  for (const TimePoint end = Clock::now() + std::chrono::seconds(60); !holds();) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(Millis{2});
  }
  return true;
}

bool alive(int pid) {
  const std::string state = content("/proc/" + std::to_string(pid) + "/stat");
  return pid > 0 && !state.empty() && state.find(") Z ") == std::string::npos;
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

}  // namespace ms2m::test
