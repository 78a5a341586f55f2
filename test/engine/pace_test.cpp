// Bytes at no more than a rate, which may change meanwhile.
#include "base/pace.hpp"

#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("another bandwidth lets what waits for its turn go, and counts from then on", "[set]") {
  std::optional<Bytes> limit = Bytes{10};
  Pace pace(limit);
  pace.begin();
  int looks = 0;
  const auto now = [&] {
    if (++looks == 3) limit = Bytes{1'000'000'000};
    return limit;
  };
  const TimePoint begin = Clock::now();
  pace.await_turn(1000, {}, "waiting", now);  // 100 s at 10 bytes a second
  CHECK(Clock::now() - begin < std::chrono::seconds(10));
  pace.await_turn(1000, {}, "waiting", now);
  limit = Bytes{10};
  CHECK_THROWS_AS(
      [&] {
        pace.await_turn(1000, StopToken().within(Millis{600}), "waiting", now);
        pace.await_turn(1000, StopToken().within(Millis{600}), "waiting", now);
      }(),
      Error);
}

TEST_CASE("what did not go in its time is made up for by a second's bytes, no more", "[set]") {
  Pace pace(Bytes{1'000'000});
  pace.begin();
  StopToken idle = StopToken().within(Millis{1500});
  CHECK_THROWS_AS(idle.sleep(Millis{60000}, "nothing going"), Error);
  const TimePoint begin = Clock::now();
  pace.await_turn(1, {}, "waiting");
  pace.await_turn(1'200'000, {}, "waiting");
  CHECK(Clock::now() - begin >= Millis{150});  // none without a limit of what is kept
}
