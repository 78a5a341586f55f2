// The ports of node.hpp and the relay through agents: as over ssh, whatever is lost on the way.
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <random>

#include "carry/relay.hpp"
#include "link_lab.hpp"
#include "ms2m/error.hpp"
#include "support/archive_name.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;
namespace fs = std::filesystem;

namespace {

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::ifstream("/dev/urandom", std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

struct Carrying {
  explicit Carrying(std::function<bool(const AgentCall&, bool)> disturb = {})
      : nodes(lab.settings(std::move(disturb))) {
    fs::create_directory(checkpoints);
  }
  ~Carrying() {
    std::error_code ignored;
    fs::remove_all(landing.directory, ignored);
    fs::remove(kLayoutRoot, ignored);
  }
  MoveRequest request(const std::string& bytes) const {
    const std::string path = checkpoints + "/" + kArchiveName;
    std::ofstream(path, std::ios::binary) << bytes;
    return {"worker-1", KubeletArchive{path}, "worker-2", landing.directory};
  }
  void check_moved(const std::string& bytes) {
    const MoveResult moved = relay.move(request(bytes), {}, StopToken().within(std::chrono::minutes(4)));
    CHECK(moved.bytes.count == bytes.size());
    CHECK(moved.sha256 == posix::Sha256::of(bytes));
    std::ifstream in(landing.directory + "/blobs/sha256/" + moved.sha256, std::ios::binary);
    const std::string there{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    CHECK(there == bytes);
  }

  LinkLab lab;
  posix::TempDir dir;
  std::string checkpoints = (dir.path() / "checkpoints").string();
  SshNodes nodes;
  Relay relay{nodes};
  Landing landing = relay.landing("worker-2", "agent-" + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("agent link: the program answers through it", "[agent]") {
  LinkLab lab;
  SshNodes nodes(lab.settings());
  CHECK_FALSE(nodes.session("worker-1", {})->pushed());
  CHECK_FALSE(SessionInspector(nodes).look("worker-1", {}, {}).features.empty());
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).program == nodes.program().build());
  const TimePoint begun = Clock::now();
  for (int i = 0; i < 100; ++i) SessionInspector(nodes).look("worker-1", {}, {});
  std::cout << "one call: " << seconds_between(begun, Clock::now()) * 10 << " ms\n";
}

TEST_CASE("agent link: it is kept alive by heartbeats alone", "[agent]") {
  LinkLab lab;
  NodeSettings settings = lab.settings();
  settings.silence = Millis{3000};
  SshNodes nodes(settings);
  const auto session = nodes.session("worker-1", {});
  const TimePoint until = Clock::now() + 3 * settings.silence;
  while (Clock::now() < until && session->alive()) std::this_thread::sleep_for(Millis{20});
  CHECK(session->alive());
}

TEST_CASE("agent link: an archive comes whole", "[agent]") {
  Carrying carrying;
  const std::string bytes = random_bytes(40'000'001);
  const TimePoint begun = Clock::now();
  carrying.check_moved(bytes);
  std::cout << "40 MB: " << 40 / seconds_between(begun, Clock::now()) << " MB/s, " << carrying.lab.requests
            << " requests\n";
}

TEST_CASE("agent link: requests and answers that are lost double nothing and lose nothing", "[agent]") {
  std::mutex mutex;
  std::minstd_rand random(7);
  int lost = 0;
  Carrying carrying([&](const AgentCall& call, bool) {
    const std::lock_guard lock(mutex);
    if (call.path.find('?') == std::string::npos || random() % 6 != 0) return false;
    ++lost;
    return true;
  });
  carrying.check_moved(random_bytes(12'000'003));
  CHECK(lost > 5);
}

TEST_CASE("agent link: a full disk is told as over ssh", "[agent]") {
  Carrying carrying;
  fs::create_directories(carrying.landing.directory);
  REQUIRE(::mount("tmpfs", carrying.landing.directory.c_str(), "tmpfs", 0, "size=1m,mode=700") == 0);
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{carrying.landing.directory};
  const auto error = error_of([&] { carrying.relay.move(carrying.request(std::string(3000000, 'x')), {}, {}); });
  CHECK_THAT(error.what(), StartsWith("target worker-2: No space left on device: "));
  CHECK(error.remedy() == "free some space on node worker-2");
}

TEST_CASE("agent link: the program asks for paths of its own kind only", "[agent]") {
  LinkLab lab;
  SshNodes nodes(lab.settings());
  for (const char* path : {"/etc/passwd", "/var/lib/kubelet/checkpoints/../../../../etc/passwd", "relative"}) {
    const auto error = error_of(
        [&] { nodes.ask("worker-1", node::RemoveArchive{path}, "removing", StopToken().within(Millis{60000})); });
    CHECK(error.kind() == ErrorKind::refused);
  }
}
