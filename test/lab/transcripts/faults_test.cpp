// The failures that a test of a client can order.
#include "compare.hpp"

using namespace ms2m::lab_test;

TEST_CASE("faults happen as often as ordered, to what they are ordered for") {
  Cluster cluster({"--faults"});
  cluster.add_pod("a", {{"app", "x"}}, "worker-1");
  const std::string pod = "/api/v1/namespaces/default/pods/a";
  const auto order = [&](const Json& fault) { return cluster.api.admin("POST", "/lab/faults", fault).status; };

  REQUIRE(order({{"verb", "get"}, {"path", "pods/a$"}, {"count", 2}, {"action", "status"}, {"code", 429}}) == 200);
  CHECK(cluster.api.admin("GET", "/api/v1/namespaces/default/pods").status == 200);
  const Reply busy = cluster.api.admin("GET", pod);
  CHECK(busy.status == 429);
  CHECK(busy.headers.at("Retry-After") == "1");
  CHECK(cluster.api.admin("GET", pod).status == 429);
  CHECK(cluster.api.admin("GET", pod).status == 200);

  order({{"verb", "delete"}, {"path", "pods/a"}, {"action", "drop"}});
  CHECK(cluster.api.admin("DELETE", pod + "?gracePeriodSeconds=0").status == 0);
  CHECK_FALSE(cluster.pod("a").is_null());
  order({{"verb", "delete"}, {"path", "pods/a"}, {"action", "drop-after"}});
  CHECK(cluster.api.admin("DELETE", pod + "?gracePeriodSeconds=0").status == 0);
  CHECK(cluster.pod("a").is_null());

  CHECK(cluster.api.call("viewer", "POST", "/lab/faults", "{}", "application/json").status == 403);
}

TEST_CASE("open watches can be ended") {
  Cluster cluster({"--faults"});
  for (const auto& [action, lines] : std::map<std::string, std::size_t>{{"close-watches", 0}, {"expire-watches", 1}}) {
    std::thread order;
    const auto begin = std::chrono::steady_clock::now();
    const auto events = cluster.api.watch("/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=60", [&] {
      order = std::thread([&, name = action] {
        cluster.api.admin("POST", "/lab/faults", {{"action", name}, {"path", "pods"}});
      });
    });
    order.join();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    REQUIRE(events.size() == lines);
    if (lines == 1) CHECK(events[0]["object"]["code"] == 410);
  }
}

TEST_CASE("without --faults there is no such path") {
  Cluster cluster;
  CHECK(cluster.api.admin("POST", "/lab/faults", {{"action", "drop"}}).status == 404);
}
