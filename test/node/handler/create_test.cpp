// `create` of a container that a restore was prepared for, and what follows it.
#include <sys/stat.h>

#include "fake_node.hpp"
#include "ms2m/json.hpp"
#include "node/restore/state.hpp"
#include "node/restore/waiting.hpp"
#include "support/catch.hpp"
#include "tar_writer.hpp"
#include "wrap/posix/stream.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using Words = std::vector<std::string>;
using S = RestoreState;

namespace {

posix::ExitStatus ended(posix::Child& child) {
  INFO("waited a minute for the handler's end");
  const auto status = child.wait_for(std::chrono::seconds(60));
  REQUIRE(status);
  return *status;
}

std::string said(posix::Child& child) {
  std::string text;
  posix::read_into(child.err, text, 1 << 16);
  return text;
}

bool waits(const RestorePlace& place) {
  return becomes_true([&] { return place.status().waiting; });
}

void become(RestorePlace& place, S state) {
  place.change([&](Record& record) { record.state = state; });
}

}  // namespace

TEST_CASE("a restore that is ready: restored with the bundle, created until the first start", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  const auto result = node.create();
  INFO(result.err);
  REQUIRE(result.ok());
  CHECK(node.calls().back().arguments == Words{"--root", "/run/crun", "restore", "--detach", "--bundle", node.bundle(),
                                               "--image-path", place.path() + "/checkpoint", "--work-path",
                                               place.path() + "/work", "--pid-file", node.path("pid"), kContainer});
  CHECK(alive(node.restored_process()));
  RestoreStatus status = place.status();
  CHECK(status.state == S::restored);
  CHECK(status.container_id == kContainer);
  CHECK(status.failure.empty());
  CHECK_FALSE(status.waiting);
  CHECK_FALSE(status.started);
  CHECK_FALSE(Underway::any(place.directory()));

  const Words state{"--root", "/run/crun", "state", kContainer};
  CHECK(node.handler(state).out ==
        "{\"ociVersion\":\"1.0.0\",\"status\": \"created\",\"annotations\":{\"status\":\"running\"}}\n");
  CHECK(node.handler({"start", kContainer}).ok());
  CHECK(place.status().started);
  CHECK(node.commands() == Words{"restore", "state"});
  CHECK(node.handler(state).out == node.runtime(state).out);
  CHECK(node.handler({"start", kContainer}).ok());
  CHECK(node.commands() == Words{"restore", "state", "state", "state", "start"});
  CHECK(node.handler({"delete", "--force", kContainer}).ok());
  CHECK(becomes_true([&] { return !alive(node.restored_process()); }));
}

TEST_CASE("a copy that the container runtime removes before it has started it is told as a failure", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  REQUIRE(node.create().ok());
  CHECK(node.handler({"delete", "--force", kContainer}).ok());
  CHECK_FALSE(place.status().started);
  CHECK(place.status().state == S::restored);
  CHECK_THAT(place.status().failure, Contains("before it had started it"));
}

TEST_CASE("create waits: unbound, then without data; each is told, and neither asks the runtime", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare();
  const auto child = node.begin(node.create_arguments());
  REQUIRE(waits(place));
  node.bind(place);
  CHECK(place.status().waiting);
  CHECK(node.calls().empty());
  CHECK_FALSE(child->try_wait());
  place.change([](Record& record) { record.ready = true; });
  CHECK(ended(*child).ok());
  CHECK(place.status().state == S::restored);
}

TEST_CASE("a wait that is over fails, changes nothing, and the next create waits again", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare(50);
  const auto result = node.create();
  CHECK(result.status.code == 1);
  CHECK_THAT(result.err, Contains("waited 0 s for the pod to be bound"));
  CHECK(place.status() == RestoreStatus{S::prepared, "", false, false, "", false, ""});
  place.change([](Record& record) { record.uid = kUid, record.ready = true; });
  CHECK(node.create().ok());
}

TEST_CASE("the newest create ends those that wait", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare();
  const auto first = node.begin(node.create_arguments());
  REQUIRE(waits(place));
  const auto second = node.begin(node.create_arguments());
  CHECK(ended(*first).code == 1);
  CHECK_THAT(said(*first), Contains("newer create"));
  CHECK(place.status().waiting);
  place.change([](Record& record) { record.uid = kUid, record.ready = true; });
  CHECK(ended(*second).ok());
  CHECK(node.commands() == Words{"restore"});
}

TEST_CASE("what takes a restore back ends the wait at once", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare();
  auto child = node.begin(node.create_arguments());
  REQUIRE(waits(place));
  become(place, S::voided);
  CHECK(ended(*child).code == 1);
  CHECK_THAT(said(*child), Contains("was taken back"));
  CHECK(node.calls().empty());
  CHECK_FALSE(place.status().waiting);

  node.store().remove(kId);
  auto again = node.prepare();
  child = node.begin(node.create_arguments());
  REQUIRE(waits(again));
  node.store().remove(kId);
  CHECK(ended(*child).code == 1);
  CHECK_THAT(said(*child), Contains("is not known"));
}

TEST_CASE("a restore that is not used in its time is void, also under a create that waits", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare();
  place.change([](Record& record) { record.expires = static_cast<std::uint64_t>(std::time(nullptr)) + 1; });
  const auto result = node.create();
  CHECK(result.status.code == 1);
  CHECK_THAT(result.err, Contains("not used in its time"));
  CHECK(place.status().state == S::voided);
}

TEST_CASE("the states after it: refused, until it is done; then cold", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  const auto refused = [&](const char* why) {
    const auto result = node.create();
    CHECK(result.status.code == 1);
    CHECK_THAT(result.err, Contains(why));
    CHECK(node.calls().empty());
  };
  become(place, S::taken);
  refused("not begun twice");
  become(place, S::restored);
  refused("its copy has ended");
  become(place, S::done);
  CHECK(node.create().ok());
  CHECK(node.calls().back().arguments == node.create_arguments());  // the real create, as it came
  node.store().remove(kId);
  const auto unknown = node.create();
  CHECK(unknown.status.code == 1);
  CHECK_THAT(unknown.err, Contains("is not known on this node"));
}

TEST_CASE("under containerd the image is asked of it, and only where a restore depends on it", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  node.write_containerd_bundle(kId + "/consumer", std::string(64, 'b'));
  CHECK_THAT(node.create().err, Contains("of image aaaaaaaaaaaa") && Contains("on this node is bbbbbbbbbbbb"));
  put(node.path("info"), "{}");
  CHECK_THAT(node.create().err, Contains("image of container cccccccccccc") && Contains("does not tell"));
  put(node.path("bin/ctr"), "#!/bin/bash\necho 'ctr: no such socket' >&2; exit 1\n");
  CHECK_THAT(node.create().err, Contains("no such socket"));
  CHECK(node.calls().empty());
  CHECK(place.status().state == S::prepared);
  node.write_containerd_bundle(kId + "/consumer", kImage);
  const auto result = node.create();
  INFO(result.err);
  CHECK(result.ok());
  CHECK(place.status().state == S::restored);
  become(place, S::done);
  put(node.path("bin/ctr"), "#!/bin/bash\nexit 1\n");
  CHECK(node.create().ok());  // cold, whatever ctr says
}

TEST_CASE("another pod's container with a copied annotation, and a moved tag, never restore", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  place.change([](Record& record) { record.uid = "another-uid"; });
  CHECK_THAT(node.create().err, Contains("is for another pod"));
  place.change([](Record& record) { record.uid = kUid, record.target.image_id = std::string(64, 'b'); });
  CHECK_THAT(node.create().err, Contains("of image bbbbbbbbbbbb") && Contains("on this node is aaaaaaaaaaaa"));
  CHECK(node.calls().empty());
  CHECK(place.status().state == S::prepared);
}

TEST_CASE("what is to be restored is never run at once, cold", "[node_handler]") {
  const FakeNode node;
  node.ready();
  const auto result = node.handler({"run", "--detach", "--bundle", node.bundle(), kContainer});
  CHECK(result.status.code == 1);
  CHECK(node.calls().empty());
  node.write_bundle("");
  CHECK(node.handler({"run", "--detach", "--bundle", node.bundle(), kContainer}).ok());
}

TEST_CASE("a record of another version is not touched", "[node_handler]") {
  const FakeNode node;
  const auto place = node.ready();
  const std::string file = place.path() + "/record";
  std::string text = content(file);
  text.replace(text.find("\"version\":1"), 11, "\"version\":9");
  put(file, text);
  const auto result = node.create();
  CHECK(result.status.code == 1);
  CHECK_THAT(result.err, Contains("version 9") && Contains("ms2m node setup"));
  CHECK(content(file) == text);
}

TEST_CASE("a restore that fails: the runtime's words and status, nothing runs, and it is told to who watches",
          "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  node.at("restore",
          "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored; setsid sleep 1000 </dev/null >/dev/null 2>&1 &\n"
          "echo $! >other; echo '(00.1) Error (criu/x.c:1): no such file' >restores/" +
              kId +
              "/work/restore.log\n"
              "echo 'CRIU restoring failed: -52' >&2; exit 7");
  const auto result = node.create();
  CHECK(result.status.code == 7);
  CHECK(result.err == "CRIU restoring failed: -52\n");
  CHECK_FALSE(alive(node.restored_process()));
  CHECK_FALSE(alive(std::stoi(content(node.path("other")))));
  CHECK(node.commands() == Words{"restore", "delete"});
  CHECK(place.status().state == S::taken);
  CHECK_THAT(place.status().failure, Contains("exit status 7") && Contains("no such file"));
  CHECK_THAT(node.create().err, Contains("not begun twice"));
  CHECK(node.handler({"state", kContainer}).out == node.runtime({"state", kContainer}).out);
}

TEST_CASE("taken back while it restores: nothing of it runs", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  node.at("restore", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored; read <go");
  REQUIRE(::mkfifo(node.path("go").c_str(), 0600) == 0);
  const auto child = node.begin(node.create_arguments());
  REQUIRE(becomes_true([&] { return node.restored_process() > 0; }));
  CHECK(place.status().state == S::taken);
  become(place, S::voided);
  put(node.path("go"), "\n");
  CHECK(ended(*child).code == 1);
  CHECK_FALSE(alive(node.restored_process()));
  CHECK(node.commands() == Words{"restore", "delete"});
  CHECK(place.status().state == S::voided);
  CHECK(node.handler({"state", kContainer}).out == node.runtime({"state", kContainer}).out);
}

TEST_CASE("SELinux' labels, a terminal, and options that a restore has not", "[node_handler]") {
  const FakeNode node;
  node.ready();
  Json config = Json::parse(content(node.bundle() + "/config.json"));
  config["process"]["selinuxLabel"] = "system_u:system_r:container_t:s0:c1,c2";
  config["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2";
  put(node.bundle() + "/config.json", config.dump());
  CHECK(node.handler({"create", "--console-socket", "/s", "--no-pivot", "--no-new-keyring", "--bundle", node.bundle(),
                      kContainer})
            .ok());
  const Words arguments = node.calls().back().arguments;
  CHECK(Words(arguments.end() - 5, arguments.end()) ==
        Words{"--console-socket", "/s", "--lsm-profile=selinux:system_u:system_r:container_t:s0:c1,c2",
              "--lsm-mount-context=system_u:object_r:container_file_t:s0:c1,c2", kContainer});

  const FakeNode other;
  other.ready();
  for (const char* option : {"--preserve-fds=1", "--new"}) {
    const auto result = other.handler({"create", option, "--bundle", other.bundle(), kContainer});
    CHECK(result.status.code == 1);
    CHECK(other.calls().empty());
  }
}

TEST_CASE("runc gets its own options", "[node_handler]") {
  const FakeNode node;
  node.configure("", "runc");
  node.ready();
  CHECK(node.handler({"create", "--no-pivot", "--bundle", node.bundle(), kContainer}).ok());
  const Words arguments = node.calls().back().arguments;
  CHECK(std::count(arguments.begin(), arguments.end(), "--no-pivot") == 1);
}

TEST_CASE("changed files of the root file system come before the restore", "[node_handler]") {
  const FakeNode node;
  const auto place = node.ready();
  put(node.bundle() + "/rootfs/gone", "lower");
  put(place.path() + "/rootfs-diff.tar", TarWriter().file("data/x", "changed").str());
  put(place.path() + "/deleted.files", R"(["/gone"])");
  node.at("restore", "cat bundle/rootfs/data/x >seen");
  CHECK(node.create().ok());
  CHECK(content(node.path("seen")) == "changed");
  CHECK_FALSE(std::filesystem::exists(node.bundle() + "/rootfs/gone"));

  const FakeNode other;
  const auto bad = other.ready();
  put(bad.path() + "/rootfs-diff.tar", TarWriter().file("../../x", "evil").str());
  const auto result = other.create();
  CHECK(result.status.code == 1);
  CHECK(other.calls().empty());
  CHECK_THAT(bad.status().failure, Contains("leads elsewhere"));
}
