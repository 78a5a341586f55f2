#include "world.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

namespace ms2m::test {
namespace {

namespace fs = std::filesystem;

const std::string kId(64, 'a');
constexpr const char* kArchive = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:0";

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string content(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

World::World() {
  put(path("outside/secret"), "secret");
  put(path("outside/blobs/sha256/layer"), "layer");
  put(path("outside/index.json"), "{}");
  // Tools that say no, at once; never those of this machine.
  fs::create_directories(path("bin"));
  for (const char* tool : {"skopeo", "podman", "buildah", "criu", "crun", "runc", "crio", "containerd"})
    fs::create_symlink("/bin/false", path("bin") + "/" + tool);
  put(path("storage.conf"), "[storage]\ngraphroot = \"" + path("storage") + "\"\n");
  put(path("system/etc/criu/crun.conf"), "tcp-close\n");
  fs::create_directories(path("tmp"));
  reset();
  before_ = outside();
  const std::string layouts = path("layouts"), checkpoints = path("kubelet") + "/checkpoints", file = kArchive;
  words_ = {{
      {checkpoints, path("link") + "/checkpoints", path("outside"), "/"},
      {layouts + "/m1", layouts + "/evil", layouts + "/inner", layouts + "/new", layouts, layouts + "/..",
       layouts + "/../outside", layouts + "/m1/blobs"},
      {checkpoints + "/" + file + "2Z.tar", checkpoints + "/" + file + "3Z.tar", checkpoints + "/" + file + "4Z.tar",
       path("link") + "/checkpoints/" + file + "2Z.tar", checkpoints + "/../../outside/secret",
       checkpoints + "/" + file + "2Z.tar/../../../outside/secret"},
      {kId, "cri-o://" + kId, std::string(64, 'b'), "sha256:" + kId},
      {"localhost/ms2m/consumer-0:m1", "consumer", "b3a0e1d2-0000-4000-8000-3f1c7d1a9e55", "scratch"},
      {path("outside") + "/secret", "../../outside/secret", "..", ".", "", "/", "--help", "-x", "thaw",
       "cri-o://1.36.3", "containerd://2.1.0", std::string("a\0b", 3), "\xff\xfe", "$(touch outside/x)",
       "a;touch outside/x", std::string(5000, 'x')},
  }};
}

void World::reset() {
  for (const char* each : {"layouts", "kubelet", "cgroups", "link"}) fs::remove_all(path(each));
  const fs::path checkpoints = path("kubelet/checkpoints"), layouts = path("layouts");
  put(checkpoints / (std::string(kArchive) + "2Z.tar"), std::string(700'000, 'x'));
  fs::create_symlink(path("outside/secret"), checkpoints / (std::string(kArchive) + "3Z.tar"));
  fs::create_directory_symlink(path("kubelet"), path("link"));
  fs::create_directories(layouts / "m1/blobs/sha256");
  fs::create_symlink(path("outside/secret"), layouts / "m1/blobs/sha256/.partial");
  fs::create_symlink(path("outside/index.json"), layouts / "m1/index.json");
  fs::create_directory_symlink(path("outside"), layouts / "evil");
  fs::create_directories(layouts / "inner");
  fs::create_directory_symlink(path("outside/blobs"), layouts / "inner/blobs");
  node::Record record;  // prepared, and without data
  record.id = "a";
  record.target = {"shop", "c-0", "consumer", kId};
  record.expires = std::numeric_limits<std::uint32_t>::max();
  node::RestoreStore(layouts).prepare(record);
  const fs::path group = path("cgroups/kubepods.slice/crio-" + kId + ".scope");
  put(group / "cgroup.procs", "0\n");
  put(group / "cgroup.freeze", "0\n");
  put(group / "cgroup.events", "populated 1\nfrozen 1\n");
}

/// Every file and link beside the node, with what is in it.
std::map<std::string, std::string> World::outside() const {
  std::map<std::string, std::string> all;
  for (const char* top : {"outside", "bin", "system", "storage.conf"}) {
    all[top] = "";
    if (!fs::is_directory(path(top))) all[top] = content(path(top));
    if (fs::is_directory(path(top)))
      for (const auto& each : fs::recursive_directory_iterator(path(top)))
        all[each.path().string()] = each.is_symlink()        ? fs::read_symlink(each.path()).string()
                                    : each.is_regular_file() ? content(each.path())
                                                             : "directory";
  }
  return all;
}

std::string World::wrong(bool may_stay_frozen) const {
  if (outside() != before_) return "something outside of the node was changed";
  static const std::set<std::string> known{"outside", "bin",     "storage.conf", "system", "layouts",
                                           "kubelet", "cgroups", "link",         "tmp"};
  for (const auto& each : fs::directory_iterator(directory_.path()))
    if (known.count(each.path().filename().string()) == 0) return "there is a new " + each.path().string();
  if (!fs::is_empty(path("tmp"))) return "something was left in TMPDIR";
  const std::string state = content(path("cgroups/kubepods.slice/crio-" + kId + ".scope/cgroup.freeze"));
  if (state != "0\n" && !may_stay_frozen) return "a container stayed frozen";
  for (const auto& each :
       fs::recursive_directory_iterator(path("layouts"), fs::directory_options::skip_permission_denied))
    if (each.path().filename() == ".partial" && !each.is_symlink()) return "an unverified layer was left";
  return wrong_data();
}

std::vector<std::pair<node::RestorePlace, node::Record>> World::restores() const {
  std::vector<std::pair<node::RestorePlace, node::Record>> all;
  for (const std::string& id : node::RestoreStore(path("layouts")).ids())
    if (auto place = node::RestorePlace::open(path("layouts"), id))
      if (auto record = place->read()) all.emplace_back(std::move(*place), std::move(*record));
  return all;
}

/// All that was verified, or nothing.
std::string World::wrong_data() const {
  for (const auto& [place, record] : restores()) {
    for (const char* name : {"checkpoint", "rootfs-diff.tar", "deleted.files"})
      if (record.sha256.empty() && fs::exists(fs::symlink_status(place.path() + "/" + name)))
        return "unverified data was left";
    std::error_code none;
    for (const auto& each : fs::directory_iterator(place.path() + "/checkpoint", none))
      if (each.is_symlink() || !each.is_regular_file()) return "this is no file of CRIU's: " + each.path().string();
  }
  return "";
}

std::uint64_t World::verified() const {
  const auto all = restores();
  return static_cast<std::uint64_t>(
      std::count_if(all.begin(), all.end(), [](const auto& each) { return !each.second.sha256.empty(); }));
}

std::vector<std::string> World::program() const {
  return {MS2M_NODE_AT, path("layouts"), path("cgroups"), path("kubelet"), path("system")};
}

std::vector<std::pair<std::string, std::string>> World::environment() const {
  return {{"PATH", path("bin")},
          {"CONTAINERS_STORAGE_CONF", path("storage.conf")},
          {"TMPDIR", path("tmp")},
          {"ASAN_OPTIONS", "exitcode=99"},
          {"UBSAN_OPTIONS", "halt_on_error=1:exitcode=99"}};
}

}  // namespace ms2m::test
