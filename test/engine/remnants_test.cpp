// What another machine's migration has left, on the fakes: what goes, what stays, and who is not disturbed.
#include "ms2m/remnants.hpp"
#include "base/ids.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Left : OnFakes {
  /// Of a migration of consumer-0, that began then, and its empty queues.
  void leave(const std::string& since, const std::string& queue = "app.events", const std::string& renewed = {}) {
    Json lease =
        make_lease("default", "ms2m-consumer-0", {"", "mother", "root@there pid 3", "Preparing", "", "", queue}, since);
    if (!renewed.empty()) lease["spec"]["renewTime"] = renewed;
    nodes.add(Kind::lease, lease);
    server.declare("ms2m.mother.hold");
    server.declare("ms2m.mother.deadman");
  }
  void leave_old() { leave("2026-01-01T00:00:00.000000Z"); }
  void add_copy(const std::string& phase) {
    nodes.add(
        Kind::pod,
        {{"metadata", {{"name", "copy"}, {"namespace", "default"}, {"uid", "u"}, {"labels", {{kIdLabel, "mother"}}}}},
         {"spec", {{"nodeName", "worker-2"}, {"containers", Json::array()}}},
         {"status", {{"phase", phase}}}});
  }
  std::vector<Remnant> look(bool remove, const std::string& migration = "mother") {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    return find_remnants(ports.all, {"default", migration, {"mhere"}, remove, {}}, {});
  }
  std::vector<std::string> ours() const {
    std::vector<std::string> names;
    for (const std::string& name : server.queues())
      if (name.starts_with("ms2m.") && !name.starts_with("ms2m.control.")) names.push_back(name);
    return names;
  }
  bool has_lease() {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    return ports.all.cluster.get({Kind::lease, "default", "ms2m-consumer-0"}, {}).has_value();
  }
};

std::vector<std::string> whats(const std::vector<Remnant>& all, bool kept) {
  std::vector<std::string> names;
  for (const Remnant& one : all)
    if (one.kept.empty() != kept) names.push_back(one.what);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what is over goes, the lease last; a second time there is nothing") {
  Left left;
  left.leave_old();
  const Names all{"queue ms2m.mother.hold", "queue ms2m.mother.deadman", "lease default/ms2m-consumer-0"};
  CHECK(whats(left.look(false), false) == all);
  CHECK(left.ours().size() == 2);
  CHECK(left.has_lease());
  const auto removed = left.look(true);
  CHECK(whats(removed, false) == all);
  CHECK(removed.back().removed);
  CHECK(left.ours().empty());
  CHECK_FALSE(left.has_lease());
  CHECK(left.look(true).empty());
  CHECK(left.nodes.pods() == Names{"consumer-0@worker-1"});
}

TEST_CASE("who may be at it is left alone") {
  Left left;
  SECTION("its lease is young") {
    left.leave(now_rfc3339());
    CHECK(whats(left.look(true), true) == Names{"lease default/ms2m-consumer-0"});
  }
  SECTION("its lease is old, and was renewed") {
    left.leave("2026-01-01T00:00:00.000000Z", "app.events", now_micro_time());
    CHECK(whats(left.look(true), true) == Names{"lease default/ms2m-consumer-0"});
  }
  SECTION("its queue is on another broker") {
    left.leave("2026-01-01T00:00:00.000000Z", "elsewhere.events");
    const auto kept = left.look(true);
    CHECK(whats(kept, true) == Names{"lease default/ms2m-consumer-0"});
    CHECK(kept[0].kept.find("elsewhere.events is not on this broker") != std::string::npos);
  }
  SECTION("its dead man's switch is armed") {
    left.leave_old();
    left.server.publish("ms2m.mother.deadman", "end");
    const auto kept = left.look(true);
    CHECK(whats(kept, true) == Names{"migration mother"});
    CHECK(kept[0].command.empty());
  }
  CHECK(left.ours().size() == 2);
  CHECK(left.has_lease());
}

TEST_CASE("what somebody may need stays, and the lease with it") {
  Left left;
  left.leave_old();
  SECTION("a queue with a message") {
    left.server.publish("ms2m.mother.hold", "m");
    const auto found = left.look(true);
    CHECK(whats(found, true) == Names{"queue ms2m.mother.hold", "lease default/ms2m-consumer-0"});
    CHECK(left.ours() == Names{"ms2m.mother.hold"});
  }
  SECTION("a queue with a consumer") {
    const auto consumer = left.server.start("other", "ms2m.mother.hold");
    CHECK(whats(left.look(true), true) == Names{"queue ms2m.mother.hold", "lease default/ms2m-consumer-0"});
  }
  SECTION("a pod that has run") {
    left.add_copy("Running");
    const auto found = left.look(true);
    CHECK(whats(found, true) == Names{"pod default/copy", "lease default/ms2m-consumer-0"});
    CHECK(found[0].command == "kubectl --namespace=default get pod copy -o wide");
    CHECK(left.ours().empty());
  }
  CHECK(left.has_lease());
}

TEST_CASE("a dead man's switch that is renewed in the moment of a look is armed") {
  Left left;
  left.leave_old();
  bool renewed = false;
  left.server.set_hook([&](const std::string& call, bool before) {
    if (before || renewed || !call.starts_with("depth ms2m.mother.deadman")) return;
    renewed = true;
    left.server.publish("ms2m.mother.deadman", "end");
  });
  CHECK(whats(left.look(true), true) == Names{"migration mother"});
  left.server.set_hook({});
  CHECK(left.ours().size() == 2);
}

TEST_CASE("a pod with the label, of which no lease tells, is somebody's own") {
  Left left;
  left.add_copy("Pending");
  CHECK(whats(left.look(true), true) == Names{"pod default/copy"});
}

TEST_CASE("a queue of which nothing here tells is told, never removed") {
  Left left;
  left.server.declare("ms2m.mfar.hold");
  left.server.declare("ms2m.mhere.hold");
  left.server.declare("ms2m.control.somebody");
  left.server.declare("ms2m.notes");
  const auto found = left.look(true, "");
  CHECK(whats(found, true) == Names{"queue ms2m.mfar.hold"});
  CHECK(found[0].migration == "mfar");
  CHECK(whats(found, false).empty());
  CHECK(left.ours() == Names{"ms2m.mfar.hold", "ms2m.mhere.hold", "ms2m.notes"});
}

TEST_CASE("a broker that cannot be asked has not said that there is nothing") {
  Left left;
  left.leave_old();
  left.server.set_hook([](const std::string& call, bool before) {
    if (before && call.starts_with("depth ms2m.mother.hold")) throw Error(ErrorKind::unavailable, "unknown: down");
  });
  CHECK_THROWS_AS(left.look(true), Error);
  left.server.set_hook({});
  CHECK(left.ours().size() == 2);
  CHECK(left.has_lease());
}
