// `create` of a container whose pages of memory come while it is restored.
#include <sys/syscall.h>

#include <csignal>

#include "paged_node.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

/// Who gives pages, once: `page`, or "" to leave.
std::thread giver(PageDoor& door, const std::string& page) {
  return std::thread([&door, page] {
    const auto come = door.admit(StopToken().within(std::chrono::seconds(60)));
    CHECK(shown_process(come.get(), StopToken().within(std::chrono::seconds(60))));
    char asked[4];
    REQUIRE(::recv(come.get(), asked, sizeof asked, MSG_WAITALL) == 4);
    if (!page.empty()) REQUIRE(::send(come.get(), page.data(), page.size(), 0) > 0);
    ::recv(come.get(), asked, 1, 0);  // until it is closed there
  });
}

}  // namespace

TEST_CASE("a restore with pages ends when they have come; its CRIU alone is told of them", "[node_handler]") {
  if (::geteuid() != 0) return;
  const PagedNode node;
  PageDoor door(node.place->directory());
  std::thread gives = giver(door, "contents\n");
  const auto result = node.create();
  INFO(result.err);
  gives.join();
  REQUIRE(result.ok());
  CHECK(node.place->status().state == RestoreState::restored);
  CHECK(alive(node.restored_process()));
  CHECK(content(node.path("bin/criu.page")) == "contents\n");
  CHECK(content(node.path("settings")) == "tcp-close\nlazy-pages\n");
  CHECK(content(node.path("system/etc/criu/crun.conf")) == "tcp-close\n");
  CHECK_THAT(content(node.path("bin/criu.arguments")),
             Contains("lazy-pages\n--images-dir\n" + node.place->path() + "/checkpoint\n"));
  CHECK_FALSE(std::filesystem::exists(node.place->path() + "/pages"));
}

TEST_CASE("a restore whose pages do not come: nothing of it runs, and it is told why", "[node_handler]") {
  if (::geteuid() != 0) return;
  const PagedNode node(R"(echo 'Error (u): no more' >"$work/pages.log"; kill -9 $$)");
  PageDoor door(node.place->directory());
  std::thread gives = giver(door, "contents\n");
  const auto result = node.create();
  gives.join();
  CHECK(result.status.code == 125);
  CHECK(node.place->status().state == RestoreState::taken);
  CHECK(node.place->status().failure == "the pages of memory did not all come: Error (u): no more");
  CHECK_FALSE(alive(node.restored_process()));
}

TEST_CASE("a restore goes on, and fails, when whoever gives its pages has stopped its CRIU and died",
          "[node_handler]") {
  if (::geteuid() != 0) return;
  const PagedNode node;
  PageDoor door(node.place->directory());
  std::thread dies([&door] {
    const auto come = door.admit(StopToken().within(std::chrono::seconds(60)));
    const auto criu = shown_process(come.get(), StopToken().within(std::chrono::seconds(60)));
    char asked[4];
    REQUIRE(::recv(come.get(), asked, sizeof asked, MSG_WAITALL) == 4);
    REQUIRE(::syscall(SYS_pidfd_send_signal, criu.get(), SIGSTOP, nullptr, 0) == 0);
  });
  const auto result = node.create();
  dies.join();
  CHECK(result.status.code == 125);
  CHECK_THAT(node.place->status().failure, Contains("Remote side closed connection"));
  CHECK_FALSE(alive(node.restored_process()));
}

TEST_CASE("a restore whose pages fail while the runtime still restores ends at once, and so does the runtime",
          "[node_handler]") {
  if (::geteuid() != 0) return;
  const PagedNode node("exit 1");
  node.at("restore", "echo $$ >restored; cp system/etc/criu/crun.conf settings; exec sleep 1000 </dev/null >/dev/null");
  PageDoor door(node.place->directory());
  std::thread gives = giver(door, "contents\n");
  const TimePoint begin = Clock::now();
  const auto result = node.create();
  gives.join();
  CHECK(result.status.code == 125);
  CHECK(Clock::now() - begin < std::chrono::seconds(300));
  CHECK_FALSE(alive(node.restored_process()));
}

TEST_CASE("a restore with pages that nobody gives is not begun", "[node_handler]") {
  if (::geteuid() != 0) return;
  const PagedNode node;
  const auto result = node.create();
  CHECK(result.status.code == 1);
  CHECK_THAT(result.err, Contains("nobody gives the pages of this restore"));
  CHECK(node.commands().empty());
}

TEST_CASE("a record of a restore with pages is of another version", "[node_restore]") {
  const FakeNode node;
  auto place = node.ready();
  CHECK_THAT(content(place.path() + "/record"), Contains("\"version\":1"));
  place.change([](Record& record) { record.pages = true; });
  CHECK_THAT(content(place.path() + "/record"), Contains("\"version\":2"));
  CHECK(place.read()->pages);
}
