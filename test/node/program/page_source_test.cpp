// What CRIU's page server is asked for, and when.
#include "node/program/page_source.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <thread>

#include "node/criu/pagemap.hpp"
#include "support/catch.hpp"
#include "wrap/posix/unique_fd.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

constexpr PageRun kAll{1, 0x400000, 10'000};

struct Giving {
  explicit Giving(bool lazy, PageSet kept = {}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours.reset(ends[0]);
    criu.reset(ends[1]);
    constexpr timeval kLimit{60, 0};
    ::setsockopt(criu.get(), SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
    kept.add(kAll);
    channel.on_credit(64 << 20);
    gives = std::thread([this, kept, lazy] { give_pages(ours.get(), kept, lazy, channel); });
  }
  ~Giving() {
    criu.reset();
    gives.join();
  }
  PageRun asked() const {
    std::string frame(PageFrame::kSize, '\0');
    REQUIRE(::recv(criu.get(), frame.data(), frame.size(), MSG_WAITALL) == static_cast<ssize_t>(frame.size()));
    CHECK(parse_frame(frame).command == PageFrame::kGet);
    return parse_frame(frame).run;
  }
  bool asks_more() const {
    char byte = 0;
    return ::recv(criu.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
  }
  void answer(const PageRun& run) {
    const std::string bytes = print_frame({PageFrame::kPages, run}) + std::string(run.pages * kPageSize, 'p');
    REQUIRE(::send(criu.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    const TimePoint end = Clock::now() + std::chrono::seconds(60);
    for (std::size_t got = 0; got < bytes.size(); got += wire.take().size()) REQUIRE(Clock::now() < end);
  }
  void wish(const PageRun& run) { channel.on_data(print_frame({PageFrame::kWanted, run})); }

  Wire wire;
  Channel channel{2, wire};
  posix::UniqueFd ours, criu;
  std::thread gives;
};

PageRun run(std::uint64_t first, std::uint64_t pages) {
  return {kAll.process, kAll.address + first * kPageSize, pages};
}

}  // namespace

TEST_CASE("pages for a copy that stands still: far ahead, and what is wanted as it is wanted", "[node_program]") {
  Giving giving(false);
  for (const std::uint64_t first : {0, 256, 512, 768}) CHECK(giving.asked() == run(first, 256));
  CHECK_FALSE(giving.asks_more());
  giving.wish(run(5000, 1));
  CHECK(giving.asked() == run(5000, 1));
}

TEST_CASE("pages for a copy that runs: little is ahead of what it waits for, and what is behind that comes with it",
          "[node_program]") {
  Giving giving(true);
  for (const std::uint64_t first : {0, 32}) CHECK(giving.asked() == run(first, 32));
  CHECK_FALSE(giving.asks_more());
  giving.wish(run(5000, 1));
  CHECK(giving.asked() == run(5000, 16));
  giving.wish(run(5001, 1));  // is on its way
  giving.wish(run(4990, 1));
  CHECK(giving.asked() == run(4990, 10));
  giving.wish(run(6000, 100));
  CHECK(giving.asked() == run(6000, 1));  // nobody waits for that: the way is for what may be touched next
  giving.answer(run(0, 32));
  CHECK_FALSE(giving.asks_more());
}

TEST_CASE("pages for a copy that runs: the shortest runs come before the others", "[node_program]") {
  PageSet others;
  others.add(run(20'000, 40));
  others.add(run(30'000, 3));
  Giving giving(true, others);
  CHECK(giving.asked() == run(30'000, 3));
  CHECK(giving.asked() == run(20'000, 32));
  giving.answer(run(30'000, 3));
  CHECK(giving.asked() == run(20'032, 8));
  giving.answer(run(20'000, 32));
  CHECK(giving.asked() == run(0, 32));
}

TEST_CASE("what is wanted is asked for whole, though some of it is on its way", "[node_program]") {
  Giving giving(false);
  for (const std::uint64_t first : {0, 256, 512, 768}) CHECK(giving.asked() == run(first, 256));
  giving.wish(run(5010, 1));
  CHECK(giving.asked() == run(5010, 1));
  giving.wish(run(5000, 100));
  CHECK(giving.asked() == run(5000, 10));
  CHECK(giving.asked() == run(5011, 89));
  giving.wish(run(7000, 100));  // goes on from there
  CHECK(giving.asked() == run(7000, 100));
}

TEST_CASE("of what is wanted, and CRIU gives less of at a time, the rest is asked for at once", "[node_program]") {
  Giving giving(true);
  for (const std::uint64_t first : {0, 32}) CHECK(giving.asked() == run(first, 32));
  giving.wish(run(5000, 12));
  CHECK(giving.asked() == run(5000, 12));
  giving.answer(run(0, 32));
  giving.answer(run(32, 32));
  CHECK(giving.asked() == run(5012, 32));  // goes on from there
  giving.answer(run(5000, 4));
  CHECK(giving.asked() == run(5004, 8));
}
