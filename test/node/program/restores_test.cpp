// Restores, by requests: what ms2m asks for is what a `create` finds.
#include "node/program/restores.hpp"
#include "ms2m/json.hpp"
#include "node/restore/state.hpp"
#include "node/restore/waiting.hpp"
#include "restoring.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using S = RestoreState;
namespace fs = std::filesystem;

TEST_CASE("a restore from prepare to done, and each change is told", "[node_program]") {
  Restoring node;
  CHECK(node.now().state == S::unknown);
  node.session.call(node.prepare());
  node.session.call(node.prepare());
  CHECK(node.now() == RestoreStatus{S::prepared, "", false, false, "", false, ""});
  const auto record = node.record().read();
  CHECK(record->wait_ms == 100'000);
  CHECK(record->target == node.prepare().target);

  Session watching(node.place.program());  // the answer may come before that of what is watched
  watching.hello();
  const auto change = [&](auto act) {
    const RestoreStatus seen = node.now();
    const auto channel = watching.begin(RestoreWatch{kRestore, seen, 10'000});
    act();
    return watching.finish<RestoreWatch>(channel);
  };
  CHECK(change([&] { node.session.call(RestoreBind{kRestore, "uid-1", node.place.kubelet}); }).uid == "uid-1");
  CHECK(thrown_by([&] {
          node.session.call(RestoreBind{kRestore, "uid-2", node.place.kubelet});
        }).kind == ErrorKind::conflict);
  const std::string digest = node.write(Restoring::archive().str()).sha256;
  {
    const RestorePlace place = node.record();
    std::optional<Waiting> waiting;
    CHECK(change([&] { waiting.emplace(place.directory()); }).waiting);
    CHECK(change([&] { node.session.call(RestoreReady{kRestore, digest}); }).ready);
    CHECK_FALSE(change([&] { waiting.reset(); }).waiting);
  }
  CHECK(change([&] { node.become(S::taken, std::string(64, 'c')); }).container_id == std::string(64, 'c'));
  CHECK(thrown_by([&] { node.session.call(RestoreDone{kRestore}); }).kind == ErrorKind::conflict);
  CHECK(thrown_by([&] { node.session.call(RestoreRemoveData{kRestore}); }).kind == ErrorKind::conflict);
  CHECK(change([&] { node.become(S::restored); }).state == S::restored);
  CHECK(change([&] { node.session.call(RestoreDone{kRestore}); }).state == S::done);
  CHECK(thrown_by([&] { node.session.call(RestoreVoid{kRestore}); }).kind == ErrorKind::conflict);
  CHECK(node.session.call(RestoreRemoveData{kRestore}).found);
  CHECK_FALSE(node.session.call(RestoreRemoveData{kRestore}).found);
  CHECK(node.now().state == S::done);
  CHECK(node.session.call(RestoreList{}).restores == std::map<std::string, RestoreStatus>{{kRestore, node.now()}});
}

TEST_CASE("a mark goes with the kubelet's directory of its pod, and by no other request", "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  node.session.call(RestoreBind{kRestore, "uid-1", node.place.kubelet});
  fs::create_directories(node.place.kubelet + "/pods/uid-1");
  CHECK(node.session.call(RestoreVoid{kRestore}).found);
  CHECK(node.session.call(RestoreVoid{kRestore}).found);
  CHECK_THAT(thrown_by([&] { node.session.call(RemoveLayout{node.place.layouts + "/" + kRestore}); }).text,
             Contains("is a restore's"));
  CHECK(node.session.call(RestoreSweep{}).ids.empty());
  fs::remove(node.place.kubelet + "/pods/uid-1");
  CHECK(node.session.call(RestoreSweep{}).ids == std::vector<std::string>{kRestore});
  CHECK_FALSE(node.session.call(RestoreVoid{kRestore}).found);
  CHECK(thrown_by([&] { node.session.call(RestoreDone{kRestore}); }).kind == ErrorKind::not_found);
  CHECK(node.session.call(RestoreList{}).restores.empty());
}

TEST_CASE("a record of another version stays as it is, and keeps no other one from being listed or removed",
          "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  RestorePrepare other = node.prepare();
  other.id = "later";
  node.session.call(other);
  const std::string file = node.place.layouts + "/later/record";
  std::string text = content(file);
  const std::string ours = "\"version\":1";
  REQUIRE(text.find(ours) != std::string::npos);
  put(file, text.replace(text.find(ours), ours.size(), "\"version\":9"));

  const auto listed = node.session.call(RestoreList{}).restores;
  CHECK(listed.at(kRestore).state == S::prepared);
  CHECK(listed.at("later").state == S::unknown);
  CHECK_THAT(listed.at("later").failure, Contains("version 9, which is not known here"));
  const auto refused = thrown_by([&] { node.session.call(RestoreVoid{"later"}); });
  CHECK(refused.kind == ErrorKind::refused);
  CHECK_THAT(refused.remedy, Contains("ms2m node setup"));
  CHECK(node.session.call(RestoreVoid{kRestore}).found);
  CHECK(node.session.call(RestoreSweep{}).ids == std::vector<std::string>{kRestore});
  CHECK(content(file) == text);
}

TEST_CASE("what is taken back is void for who restores meanwhile", "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  node.become(S::taken, std::string(64, 'c'));
  CHECK(node.session.call(RestoreVoid{kRestore}).found);
  CHECK_THROWS_AS(node.become(S::restored), Error);
  CHECK(node.now().state == S::voided);
}

TEST_CASE("what is taken back is answered when who restores it has ended", "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  const RestorePlace place = node.record();
  std::optional<Underway> underway(place.directory());
  node.become(S::taken, std::string(64, 'c'));
  const auto channel = node.session.begin(RestoreVoid{kRestore});
  DirectoryWatch watch(place.directory());
  while (place.status().state != S::voided) REQUIRE(watch.await(StopToken().within(std::chrono::seconds(10))));
  node.session.send(FrameKind::cancel, channel);
  CHECK(thrown_by([&] { node.session.finish<RestoreVoid>(channel); }).cancelled);  // it was still waited for
  const auto again = node.session.begin(RestoreVoid{kRestore});
  underway.reset();
  CHECK(node.session.finish<RestoreVoid>(again).found);
}

namespace {

/// Restored, while its pages come.
struct Lazy : Restoring {
  Lazy() {
    at.change([](Record& record) { record.pages = record.lazy = true; });
    underway.emplace(at.directory());
    become(S::taken, std::string(64, 'c'));
    become(S::restored);
  }
  /// Begun, and not answered.
  std::uint32_t begin_done() {
    const auto channel = session.begin(RestoreDone{kRestore});
    CHECK(thrown_by([&] { session.call(RestoreWatch{kRestore, at.status(), 200}); }).kind == ErrorKind::timeout);
    return channel;
  }
  RestorePlace at = [this] {
    session.call(prepare());
    return record();
  }();
  std::optional<Underway> underway;
};

}  // namespace

TEST_CASE("done waits for the last page of a copy that runs", "[node_program]") {
  Lazy node;
  const auto channel = node.begin_done();
  node.at.change([](Record& record) { record.complete = true; });
  node.session.finish<RestoreDone>(channel);
  CHECK(node.now().state == S::done);
  node.session.call(RestoreDone{kRestore});
}

TEST_CASE("a copy whose memory did not all come does not become done", "[node_program]") {
  Lazy node;
  SECTION("it is told why") {
    const auto channel = node.begin_done();
    node.at.change([](Record& record) { record.failure = "the pages went"; });
    const auto refused = thrown_by([&] { node.session.finish<RestoreDone>(channel); });
    CHECK(refused.kind == ErrorKind::failed);
    CHECK(refused.text == "the copy's memory did not all come: the pages went");
  }
  SECTION("nobody fetches it any more") {
    const auto channel = node.begin_done();
    node.underway.reset();
    const auto refused = thrown_by([&] { node.session.finish<RestoreDone>(channel); });
    CHECK(refused.kind == ErrorKind::failed);
    CHECK(refused.text == "the copy's memory did not all come: whoever fetched it has died");
    CHECK(node.now().failure == "whoever fetched it has died");
  }
  SECTION("its time is over") {
    const Restores restores(node.place.layouts);
    Guard guard;
    Containers containers(node.place.cgroups, guard);
    const auto refused = thrown_by([&] { restores.done(kRestore, containers, StopToken().within(Millis{200})); });
    CHECK(refused.kind == ErrorKind::failed);
    CHECK(refused.text ==
          "the copy's memory did not all come: timed out waiting for the last page of restore " + kRestore);
  }
  SECTION("it is given up") {
    const auto channel = node.begin_done();
    node.session.send(FrameKind::cancel, channel);
    CHECK(thrown_by([&] { node.session.finish<RestoreDone>(channel); }).cancelled);
  }
  CHECK(node.now().state == S::restored);
}

TEST_CASE("a watch ends with its limit, when it is given up, and with the session", "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  const RestoreStatus seen = node.now();
  CHECK(thrown_by([&] { node.session.call(RestoreWatch{kRestore, seen, 20}); }).kind == ErrorKind::timeout);
  const auto channel = node.session.begin(RestoreWatch{kRestore, seen, std::nullopt});
  node.session.send(FrameKind::cancel, channel);
  CHECK(thrown_by([&] { node.session.finish<RestoreWatch>(channel); }).cancelled);
  node.session.begin(RestoreWatch{kRestore, seen, std::nullopt});
  node.session.close();
  CHECK(node.session.wait().ok());
}

TEST_CASE("names that are none, and directories that are no kubelet's, are refused", "[node_program]") {
  Restoring node;
  for (const char* id : {"", "..", "a/b", "A", "-x", "a_b"}) {
    RestorePrepare wrong = node.prepare();
    wrong.id = id;
    CHECK(thrown_by([&] { node.session.call(wrong); }).kind == ErrorKind::usage);
    CHECK(thrown_by([&] { node.session.call(RestoreVoid{id}); }).kind == ErrorKind::usage);
    CHECK(thrown_by([&] { node.session.call(RestoreWatch{id, std::nullopt, 1}); }).kind == ErrorKind::usage);
  }
  for (auto name : {&RestoreTarget::ns, &RestoreTarget::pod, &RestoreTarget::container, &RestoreTarget::image_id}) {
    RestorePrepare wrong = node.prepare();
    wrong.target.*name = "/../x";
    CHECK_FALSE(thrown_by([&] { node.session.call(wrong); }).text == "nothing was thrown");
  }
  CHECK_FALSE(fs::exists(node.place.layouts));
  node.session.call(node.prepare());
  CHECK(thrown_by([&] {
          node.session.call(RestoreBind{kRestore, "../x", node.place.kubelet});
        }).kind == ErrorKind::usage);
  CHECK_FALSE(thrown_by([&] {
                node.session.call(RestoreBind{kRestore, "uid-1", "/../x"});
              }).text == "nothing was thrown");
}
