// ContainerCgroup on control groups of this machine: the trees of CRI-O and containerd, nested groups, both versions.
#include "node/container_cgroup.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
namespace fs = std::filesystem;

namespace {

/// The node is this machine.
class LocalShell : public NodeShell {
 public:
  CommandResult run(const std::string&, const std::vector<std::string>& argv, const std::string&,
                    const StopToken& stop) override {
    const auto result = posix::run_process(argv, stop, "running a script");
    return {result.status.code, result.status.signal, result.out, result.err};
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string& node) const override { return node; }
};

const std::string kId(64, 'a');

std::string content(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// Where this machine lets us make control groups: a version 2 tree, and version 1's freezer.
std::vector<fs::path> trees() {
  std::vector<fs::path> found;
  for (const char* tree : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/freezer"}) {
    const fs::path own = fs::path(tree) / ("ms2m-test-" + std::to_string(::getpid()));
    std::error_code error;
    if (!fs::create_directory(own, error)) continue;
    if (fs::exists(own / "cgroup.freeze") || fs::exists(own / "freezer.state"))
      found.push_back(own);
    else
      fs::remove(own, error);
  }
  return found;
}

/// A process that counts in a file, in a control group of its own.
struct Container {
  Container(const fs::path& tree, const std::string& group, const std::string& inner) : top(tree / group) {
    fs::create_directories(top / inner);
    counter = fs::temp_directory_path() / ("ms2m-cgroup-" + std::to_string(::getpid()) + "-" + group.substr(0, 8));
    fs::remove(counter);
    pid = ::fork();
    if (pid == 0) {
      ::execlp("sh", "sh", "-c",
               ("n=0; while :; do n=$((n+1)); echo $n >" + counter.string() + "; sleep 0.01; done").c_str(), nullptr);
      ::_exit(127);
    }
    put(top / inner / "cgroup.procs", std::to_string(pid));
    while (content(counter).empty()) ::usleep(1000);
    path = top / inner;
  }
  ~Container() {
    ::kill(pid, SIGKILL);
    for (const char* file : {"cgroup.freeze", "freezer.state"})
      if (fs::exists(top / file)) put(top / file, std::string(file) == "cgroup.freeze" ? "0" : "THAWED");
    if (!reaped) ::waitpid(pid, nullptr, 0);
    std::error_code error;
    for (int i = 0; i < 100 && fs::exists(top); ++i, ::usleep(5000)) {
      if (path != top) fs::remove(path, error);
      fs::remove(top, error);
    }
    fs::remove(counter);
  }
  bool counts() const {
    const std::string before = content(counter);
    for (int i = 0; i < 20; ++i) {
      ::usleep(10000);
      if (content(counter) != before) return true;
    }
    return false;
  }
  bool ended() {
    // The parent is this test: it has to be reaped by us.
    for (int i = 0; i < 200 && !reaped; ++i, ::usleep(5000)) reaped = ::waitpid(pid, nullptr, WNOHANG) == pid;
    return reaped;
  }
  fs::path top, path, counter;
  pid_t pid = -1;
  bool reaped = false;
};

}  // namespace

TEST_CASE("the ID of a container as the pod's status has it") {
  CHECK(node::container_id("cri-o://" + kId) == kId);
  CHECK(node::container_id("containerd://" + kId) == kId);
  CHECK(node::container_id(kId) == kId);
  for (const char* bad : {"", "cri-o://", "cri-o://../../x", "abc", "cri-o://ABCDEFABCDEF", "cri-o://aaaaaaaaaaaa*"})
    CHECK_THROWS_AS(node::container_id(bad), Error);
}

TEST_CASE("a container's processes are frozen, thawed and killed by its control group") {
  LocalShell shell;
  const auto found = trees();
  // Without a tree of our own (not root, or a read-only /sys/fs/cgroup) there is nothing real to try this on.
  REQUIRE((::geteuid() != 0 || !found.empty()));
  for (const fs::path& tree : found) {
    ContainerCgroup processes(shell, tree);
    for (const auto& [group, inner] :
         std::vector<std::pair<std::string, std::string>>{{"crio-" + kId + ".scope", ""},
                                                          {"crio-" + kId + ".scope", "container"},
                                                          {"cri-containerd-" + kId + ".scope", ""},
                                                          {kId, ""},
                                                          {"crio-" + kId, ""}}) {
      INFO((tree / group / inner).string());
      Container monitor(tree, "crio-conmon-" + kId + ".scope", "");
      Container own(tree, group, inner);
      CHECK(own.counts());
      CHECK(processes.freeze("here", "cri-o://" + kId, {}));
      CHECK_FALSE(own.counts());
      CHECK(monitor.counts());
      CHECK(processes.freeze("here", kId, {}));
      CHECK(processes.thaw("here", kId, {}));
      CHECK(own.counts());
      CHECK(processes.thaw("here", kId, {}));
      CHECK(processes.freeze("here", kId, {}));
      // The zombie is ours to reap, and it stays in its group until then.
      std::thread reaper([&] { own.ended(); });
      CHECK(processes.kill("here", kId, {}));
      reaper.join();
      CHECK(own.reaped);
      CHECK(monitor.counts());
      CHECK_FALSE(processes.kill("here", kId, {}));
      CHECK_FALSE(processes.thaw("here", kId, {}));
      CHECK_FALSE(processes.freeze("here", kId, {}));
    }
    fs::remove(tree);
  }
}

TEST_CASE("a group that does not stop is thawed again, and the error says so") {
  const fs::path root = fs::temp_directory_path() / ("ms2m-cgroup-tree-" + std::to_string(::getpid()));
  const fs::path group = root / "kubepods.slice" / ("crio-" + kId + ".scope");
  fs::create_directories(group);
  put(group / "cgroup.procs", "0\n");
  put(group / "cgroup.freeze", "0\n");
  put(group / "cgroup.events", "populated 1\nfrozen 0\n");
  LocalShell shell;
  ContainerCgroup processes(shell, root);
  CHECK_THROWS_WITH(processes.freeze("here", kId, {}), Catch::Contains("did not stop"));
  CHECK(content(group / "cgroup.freeze") == "0\n");
  put(group / "cgroup.events", "populated 1\nfrozen 1\n");
  CHECK(processes.freeze("here", kId, {}));
  CHECK(content(group / "cgroup.freeze") == "1\n");
  fs::remove_all(root);
}

TEST_CASE("a freeze with a deadline ends by itself; the newest freeze counts") {
  const fs::path root = fs::temp_directory_path() / ("ms2m-cgroup-limit-" + std::to_string(::getpid()));
  const fs::path group = root / "kubepods.slice" / ("crio-" + kId + ".scope");
  fs::create_directories(group);
  put(group / "cgroup.procs", "0\n");
  put(group / "cgroup.freeze", "0\n");
  put(group / "cgroup.events", "populated 1\nfrozen 1\n");
  LocalShell shell;
  ContainerCgroup processes(shell, root);
  const auto freeze_state = [&] { return content(group / "cgroup.freeze"); };
  const auto thawed_within = [&](std::chrono::seconds limit) {
    const TimePoint end = Clock::now() + limit;
    while (freeze_state() != "0\n" && Clock::now() < end) ::usleep(20000);
    return freeze_state() == "0\n";
  };
  const auto within = [](int seconds) { return StopToken().within(std::chrono::seconds(seconds)); };
  const auto marks = [] {
    int count = 0;
    for (const auto& file : fs::directory_iterator("/run"))
      count += file.path().filename().string().starts_with("ms2m-frozen-" + kId) ? 1 : 0;
    return count;
  };
  if (::geteuid() != 0) return;  // no marks below /run
  CHECK(processes.freeze("here", kId, within(3)));
  CHECK(freeze_state() == "1\n");
  CHECK(thawed_within(std::chrono::seconds(30)));

  CHECK(processes.freeze("here", kId, within(3)));
  CHECK(processes.freeze("here", kId, {}));  // for good
  CHECK(marks() == 0);
  CHECK_FALSE(thawed_within(std::chrono::seconds(6)));

  CHECK(processes.freeze("here", kId, within(60)));
  CHECK(marks() == 1);
  CHECK(processes.thaw("here", kId, {}));
  CHECK(marks() == 0);
  fs::remove_all(root);
}
