#include "plan/node_look.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "ms2m/error.hpp"
#include "preflight/cpu_fit.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;

namespace {

/// Answers every command with the same text.
class CannedShell : public NodeShell {
 public:
  explicit CannedShell(std::string out) : out_(std::move(out)) {}
  CommandResult run(const std::string&, const std::vector<std::string>& argv, const std::string&,
                    const StopToken&) override {
    argv_ = argv;
    if (out_.empty()) throw Error(ErrorKind::unavailable, "gone");
    CommandResult result;
    result.out = out_;
    return result;
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string& node) const override { return node; }
  std::vector<std::string> argv_;

 private:
  std::string out_;
};

/// The node is this machine, for a script that is run by `prefix`.
class LocalShell : public NodeShell {
 public:
  explicit LocalShell(std::vector<std::string> prefix = {}) : prefix_(std::move(prefix)) {}
  CommandResult run(const std::string&, const std::vector<std::string>& argv, const std::string&,
                    const StopToken& stop) override {
    std::vector<std::string> all = prefix_;
    all.insert(all.end(), argv.begin(), argv.end());
    const auto result = posix::run_process(all, stop, "running a script");
    INFO(result.err);
    CHECK(result.err.empty());
    return {result.status.code, result.status.signal, result.out, result.err};
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string& node) const override { return node; }

 private:
  std::vector<std::string> prefix_;
};

/// A process that was started with these arguments, for as long as this lives.
class WaitingProcess {
 public:
  explicit WaitingProcess(const std::string& first, const std::string& second) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[0], 0);
      ::close(ends[1]);
      ::execlp("sh", "sh", "-c", "read line", "kubelet", "--v=2", first.c_str(), second.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[0]);
    end_ = ends[1];
    const std::string cmdline = "/proc/" + std::to_string(pid_) + "/cmdline";
    for (std::string text; text.find(first) == std::string::npos;) std::getline(std::ifstream(cmdline), text, '\n');
  }
  ~WaitingProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(end_);
  }
  WaitingProcess(const WaitingProcess&) = delete;
  WaitingProcess& operator=(const WaitingProcess&) = delete;

 private:
  pid_t pid_ = -1;
  int end_ = -1;
};

}  // namespace

TEST_CASE("what a node says about itself", "[node_look]") {
  CannedShell shell(
      "cpu sse fpu avx2\nvolume data scratch\nvolume empty tmp\nvolume unknown other\nimage 0bce92\nshm empty\n"
      "root /data/my kubelet\nclock 1764310000.5\nmemory 1000\nmemory 24\n");
  const NodeLook look =
      look_at_node(shell, "worker-1", {"uid", "cri-o://0123456789abcdef", {"scratch", "tmp", "other"}}, {});
  CHECK(look.features == std::vector<std::string>{"avx2", "fpu", "sse"});
  CHECK(look.volumes == std::map<std::string, Content>{
                            {"other", Content::unknown}, {"scratch", Content::data}, {"tmp", Content::empty}});
  CHECK(look.shm == Content::empty);
  CHECK(look.base_image == "0bce92");
  CHECK(look.kubelet_root == "/data/my kubelet");
  REQUIRE(look.clock_ahead);
  const double clock = std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch()).count();
  CHECK(std::abs((*look.clock_ahead).count() + clock - 1764310000.5) < 5);
  CHECK(look.memory == Bytes{1024 << 10});
  CHECK(std::vector<std::string>(shell.argv_.begin() + 4, shell.argv_.end()) ==
        std::vector<std::string>{"uid", "0123456789abcdef", "scratch", "tmp", "other"});
}

TEST_CASE("what the container's processes have open", "[node_look]") {
  const auto look = [](const std::string& out) {
    CannedShell shell("cpu fpu\n" + out);
    return look_at_node(shell, "worker-1", {"uid", "cri-o://0123456789abcdef", {}}, {});
  };
  const NodeLook files =
      look("fd /data/x\nfd /data/gone (deleted)\nfd /dev/null\nfd pipe:[77]\nfd socket:[4711]\nfd /data/x\nfd /a b\n");
  CHECK(files.open_files == std::set<std::string>{"/a b", "/data/x"});
  CHECK_FALSE(files.listens_on_own_address);
  const auto listens = [&](const char* address) {
    return look(std::string("shm empty\nlisten    0: ") + address +
                ":1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 "
                "0\nfd socket:[4711]\n")
        .listens_on_own_address;
  };
  CHECK_FALSE(listens("00000000"));
  CHECK_FALSE(listens("0100007F"));
  CHECK_FALSE(listens("00000000000000000000000000000000"));
  CHECK_FALSE(listens("00000000000000000000000001000000"));
  CHECK_FALSE(listens("0000000000000000FFFF00000100007F"));
  CHECK(listens("0201A8C6"));  // 198.168.1.2
  CHECK(listens("0000000000000000FFFF00000201A8C6"));
  CHECK(listens("B80D01200000000067452301EFCDAB89"));
  // Another container's of the same pod.
  CHECK_FALSE(look("listen 0: 0201A8C6:1F90 00000000:0000 0A 0:0 00:0 0 0 0 4712 1\nfd socket:[4711]\n")
                  .listens_on_own_address);
}

TEST_CASE("an ID that is none is not looked for", "[node_look]") {
  CannedShell shell("cpu fpu\n");
  const NodeLook look = look_at_node(shell, "worker-1", {"uid", "cri-o://.*", {}}, {});
  CHECK(look.shm == Content::unknown);
  CHECK(shell.argv_.back().empty());
}

TEST_CASE("a node that does not answer is unknown", "[node_look]") {
  CannedShell shell("");
  const NodeLook look = look_at_node(shell, "worker-1", {"uid", "", {"tmp"}}, {});
  CHECK(look.features.empty());
  CHECK(look.volumes.empty());
  CHECK(look.shm == Content::unknown);
}

TEST_CASE("emptyDirs are looked for below the kubelet's own root directory", "[node_look][case-03]") {
  const std::string uid = "b3a0e1d2-0000-4000-8000-3f1c7d1a9e55";
  const posix::TempDir dir;
  const std::string root = (dir.path() / "data/kubelet").string();
  const auto volumes = std::filesystem::path(root) / "pods" / uid / "volumes";
  for (const char* name :
       {"kubernetes.io~empty-dir/full", "kubernetes.io~empty-dir/spare", "kubernetes.io~projected/t"})
    std::filesystem::create_directories(volumes / name);
  std::ofstream(volumes / "kubernetes.io~empty-dir/full/file") << "x";
  const auto look = [&](LocalShell shell) {
    return look_at_node(shell, "worker-1", {uid, "", {"full", "spare", "none"}}, {});
  };
  const auto check = [&](const NodeLook& seen) {
    CHECK(seen.kubelet_root == root);
    CHECK(seen.volumes == std::map<std::string, Content>{
                              {"full", Content::data}, {"none", Content::unknown}, {"spare", Content::empty}});
  };
  {
    const WaitingProcess kubelet("--root-dir=" + root, "--x"), other("--root-dir=/nowhere", "--x");
    check(look(LocalShell()));
  }
  {
    const WaitingProcess kubelet("--root-dir", root);
    check(look(LocalShell()));
  }
  check(look(LocalShell({"unshare", "-m", "sh", "-c", "mount -t tmpfs none \"$0\" && exec \"$@\"",
                         volumes / "kubernetes.io~projected/t"})));
  const NodeLook nowhere = look(LocalShell());
  CHECK(nowhere.kubelet_root.empty());
  CHECK(nowhere.volumes.at("full") == Content::unknown);
  REQUIRE(nowhere.clock_ahead);
  const Seconds clock = *nowhere.clock_ahead + BootClock::now().time_since_epoch();
  CHECK(std::abs(clock.count() - static_cast<double>(std::time(nullptr))) < 5);
}

TEST_CASE("features that only the kernel uses", "[cpu_fit]") {
  const LackingFeatures lacking = lacking_features({"amx_tile", "avx512f", "fpu", "ibrs", "sse4_2"}, {"fpu", "vmx"});
  CHECK(lacking.instructions == std::vector<std::string>{"amx_tile", "avx512f", "sse4_2"});
  CHECK(lacking.others == std::vector<std::string>{"ibrs"});
}
