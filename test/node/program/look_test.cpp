// What a node tells about itself and about a container, with real processes.
#include <fcntl.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "session.hpp"
#include "support/catch.hpp"
#include "wrap/posix/unique_fd.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
namespace fs = std::filesystem;

namespace {

const std::string kId(64, 'd');
const std::string kUid = "b3a0e1d2-0000-4000-8000-3f1c7d1a9e55";

/// A process of this test that does something and then waits to be killed.
class Process {
 public:
  explicit Process(const std::function<void()>& prepare) {
    const posix::Pipe ready = posix::make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      prepare();
      const char done = 1;
      if (::write(ready.write.get(), &done, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char done = 0;
    REQUIRE(::read(ready.read.get(), &done, 1) == 1);
  }
  ~Process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

/// Started with these arguments, "kubelet" before them.
class Named {
 public:
  Named(const std::string& first, const std::string& second)
      : child_({{"sh", "-c", "read line", "kubelet", "--v=2", first, second}, {}}) {
    const std::string cmdline = "/proc/" + std::to_string(child_.pid()) + "/cmdline";
    REQUIRE(becomes_true([&] { return content(cmdline).find(first) != std::string::npos; }));
  }

 private:
  posix::Child child_;
};

/// Any control group will do: it is found by its name in /proc/<pid>/cgroup.
class Group {
 public:
  explicit Group(const std::string& name) {
    for (const char* tree : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"}) {
      std::error_code error;
      path_ = fs::path(tree) / name;
      if (fs::create_directory(path_, error) && fs::exists(path_ / "cgroup.procs")) return;
      fs::remove(path_, error);
    }
    path_.clear();
  }
  ~Group() {
    becomes_true([&] {
      std::error_code error;
      fs::remove(path_, error);
      return !fs::exists(path_);
    });
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  void take(const Process& process) const {
    REQUIRE((::geteuid() != 0 || !path_.empty()));
    put(path_ / "cgroup.procs", std::to_string(process.pid()));
  }

 private:
  fs::path path_;
};

void open_for_good(const std::string& path) {
  if (::open(path.c_str(), O_RDWR | O_CREAT, 0600) < 0) ::_exit(2);
}

int unix_socket(const std::string& path, bool server) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  const int error = server ? ::bind(fd, at, sizeof address) + ::listen(fd, 1) : ::connect(fd, at, sizeof address);
  return error == 0 ? fd : -1;
}

}  // namespace

TEST_CASE("emptyDirs are looked for below the kubelet's own root directory", "[node_program][case-03]") {
  const Place place;
  const std::string root = place.path("data/my kubelet");
  const auto volumes = fs::path(root) / "pods" / kUid / "volumes";
  for (const char* name :
       {"kubernetes.io~empty-dir/full", "kubernetes.io~empty-dir/spare", "kubernetes.io~projected/t"})
    fs::create_directories(volumes / name);
  put(volumes / "kubernetes.io~empty-dir/full/file", "x");
  fs::create_directory_symlink("/etc", volumes / "kubernetes.io~empty-dir/link");
  const auto look = [&](const std::vector<std::string>& program) {
    Session session(program);
    session.hello();
    return session.call(Look{{kUid, "", {"full", "spare", "none", "link", "../../../../../../etc"}}});
  };
  const auto check = [&](const NodeLook& seen) {
    CHECK(seen.kubelet_root == root);
    CHECK(seen.volumes == std::map<std::string, Content>{{"../../../../../../etc", Content::unknown},
                                                         {"full", Content::data},
                                                         {"link", Content::unknown},
                                                         {"none", Content::unknown},
                                                         {"spare", Content::empty}});
  };
  {
    const Named kubelet("--root-dir=" + root, "--x"), other("--root-dir=/nowhere", "--x");
    check(look(place.program()).look);
  }
  {
    const Named kubelet("--root-dir", root);
    check(look(place.program()).look);
  }
  if (::geteuid() == 0) {
    std::vector<std::string> mounted{"unshare",
                                     "-m",
                                     "sh",
                                     "-c",
                                     "mount -t tmpfs none \"$0\" && exec \"$@\"",
                                     volumes / "kubernetes.io~projected/t"};
    for (const std::string& word : place.program()) mounted.push_back(word);
    check(look(mounted).look);
  }
  auto usual = place.program();
  usual[3] = root;
  check(look(usual).look);
  const LookAnswer nowhere = look(place.program());
  CHECK(nowhere.look.kubelet_root.empty());
  CHECK(nowhere.look.volumes.at("full") == Content::unknown);
  CHECK_FALSE(nowhere.look.features.empty());
  CHECK(std::is_sorted(nowhere.look.features.begin(), nowhere.look.features.end()));
  REQUIRE(nowhere.clock);
  CHECK(std::abs(*nowhere.clock - static_cast<double>(std::time(nullptr))) < 5);
}

TEST_CASE("what a container's processes have open", "[node_program][case-09]") {
  if (::geteuid() != 0) return;  // other processes' files and control groups
  const Place place;
  const std::string agent = place.path("agent.sock");
  const int listening = unix_socket(agent, true);
  REQUIRE(listening >= 0);
  const Group group("crio-" + kId + ".scope"), monitors("crio-conmon-" + kId + ".scope");
  const Process monitor([&] { open_for_good(place.path("monitors file")); });
  const Process process([&] {
    open_for_good(place.path("a file"));
    open_for_good(place.path("gone"));
    if (::truncate(place.path("gone").c_str(), 5 << 20) != 0) ::_exit(3);
    ::unlink(place.path("gone").c_str());
    ::memfd_create("only memory", 0);
    ::inotify_add_watch(::inotify_init1(0), place.directory.path().c_str(), IN_MODIFY);
    int own[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, own) != 0 || unix_socket(agent, false) < 0) ::_exit(4);
  });
  const Process other([&] {
    open_for_good(place.path("another process'"));
    const std::size_t size = 8 << 20;
    std::memset(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, size);
  });
  const posix::UniqueFd accepted(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted);
  group.take(process);
  group.take(other);
  monitors.take(monitor);
  put(place.system + "/var/lib/containers/storage/overlay-containers/containers.json",
      R"([{"id":"0123456789ab","image":")" + std::string(64, '1') + R"("},{"id":")" + kId +
          R"(","names":["x"],"image":")" + std::string(64, '2') + R"("}])");
  Session session(place.program());
  session.hello();
  const NodeLook seen = session.call(Look{{"", "cri-o://" + kId, {}}}).look;
  CHECK(seen.open_files.count(place.path("a file")) == 1);
  CHECK(seen.open_files.count(place.path("another process'")) == 1);
  CHECK(seen.open_files.count(place.path("monitors file")) == 0);
  CHECK(seen.open_files.count("/dev/null") == 0);
  auto deleted = seen.deleted_files;  // who runs the tests may have left them one of its own
  std::erase_if(deleted, [&](const auto& each) { return !each.first.starts_with(place.path("")); });
  CHECK(deleted == std::map<std::string, Bytes>{{place.path("gone"), Bytes{5 << 20}}});
  CHECK(seen.anonymous_files.count("inotify") == 1);
  CHECK_FALSE(seen.watches_overlay);
  CHECK(seen.memory > Bytes{8 << 20});
  CHECK(seen.base_image == std::string(64, '2'));
  CHECK(seen.shm != Content::unknown);
  CHECK(seen.outside_peers == std::set<std::string>{agent});
  CHECK_FALSE(seen.unknown_peers);
  CHECK_FALSE(seen.listens_on_own_address);
  const NodeLook nobody = session.call(Look{{"", "cri-o://.*", {}}}).look;
  CHECK(nobody.open_files.empty());
  CHECK(nobody.shm == Content::unknown);
  CHECK(nobody.base_image.empty());
  ::close(listening);
}

TEST_CASE("the other end of a unix socket is asked for in the container's own network", "[node_program][case-09]") {
  if (::geteuid() != 0) return;
  const Place place;
  const std::string agent = place.path("agent.sock");
  const int listening = unix_socket(agent, true);
  const Group group("crio-" + kId + ".scope");
  const Process process([&] {
    int own[2];
    if (::unshare(CLONE_NEWNET) != 0 || ::socketpair(AF_UNIX, SOCK_STREAM, 0, own) != 0) ::_exit(5);
    if (unix_socket(agent, false) < 0) ::_exit(6);
  });
  const posix::UniqueFd accepted(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted);
  group.take(process);
  Session session(place.program());
  session.hello();
  const NodeLook seen = session.call(Look{{"", kId, {}}}).look;
  CHECK(seen.outside_peers == std::set<std::string>{agent});  // the other end is in the network of who has connected
  CHECK_FALSE(seen.unknown_peers);
  ::close(listening);
}
