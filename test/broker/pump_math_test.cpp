#include "broker/pump.hpp"
#include "support/catch.hpp"

using ms2m::AheadWindow;
using ms2m::Millis;
using ms2m::RateMeter;
using ms2m::TimePoint;

TEST_CASE("the rate is over the last three seconds") {
  const TimePoint start{std::chrono::hours{5}};
  RateMeter meter(start);
  CHECK(meter.per_second(start) == 0);
  for (int ms = 0; ms < 5000; ms += 10) meter.add(1, start + Millis{ms});
  CHECK(meter.per_second(start + Millis{5000}) == Approx(100).margin(5));
  CHECK(meter.per_second(start + Millis{6500}) == Approx(50).margin(10));
  CHECK(meter.per_second(start + Millis{9000}) == 0);
}

TEST_CASE("a young rate is not diluted") {
  const TimePoint start{std::chrono::hours{5}};
  RateMeter meter(start);
  for (int ms = 0; ms < 1000; ms += 10) meter.add(1, start + Millis{ms});
  CHECK(meter.per_second(start + Millis{1000}) == Approx(100).margin(10));
}

TEST_CASE("the window begins small and grows to what a busy source manages") {
  TimePoint now{std::chrono::hours{5}};
  AheadWindow window(64, Millis{7500});
  CHECK(window.size() == 4);
  std::uint64_t relayed = 0;
  // A source that needs a second for each.
  for (int second = 0; second < 30; ++second) {
    relayed = static_cast<std::uint64_t>(second) + 4;
    window.look(relayed, 4, now);
    now += std::chrono::seconds{1};
  }
  CHECK(window.size() >= 6);
  CHECK(window.size() <= 8);
}

TEST_CASE("the window of a fast source is the largest one") {
  TimePoint now{std::chrono::hours{5}};
  AheadWindow window(64, Millis{7500});
  window.look(0, 0, now);
  window.look(4, 0, now + Millis{40});
  CHECK(window.size() == 64);
}

TEST_CASE("a source that stands still gets one at a time") {
  TimePoint now{std::chrono::hours{5}};
  AheadWindow window(64, Millis{7500});
  for (int i = 0; i < 100; ++i) window.look(4, 4, now += Millis{20});
  CHECK(window.size() == 1);
}
