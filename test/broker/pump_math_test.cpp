#include "broker/pump.hpp"
#include "support/catch.hpp"

using ms2m::AheadWindow;
using ms2m::BootTime;
using ms2m::Millis;
using ms2m::Pace;
using ms2m::Pacer;
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
  BootTime now{std::chrono::hours{5}};
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
  BootTime now{std::chrono::hours{5}};
  AheadWindow window(64, Millis{7500});
  window.look(0, 0, now);
  window.look(4, 0, now + Millis{40});
  CHECK(window.size() == 64);
}

TEST_CASE("a source that stands still gets one at a time") {
  BootTime now{std::chrono::hours{5}};
  AheadWindow window(64, Millis{7500});
  for (int i = 0; i < 100; ++i) window.look(4, 4, now += Millis{20});
  CHECK(window.size() == 1);
}

TEST_CASE("a paced source is busy for its share of the time") {
  TimePoint now{std::chrono::hours{5}};
  Pacer pacer(Pace{0.25, Millis{150}, Millis{0}}, now);
  REQUIRE(pacer.active(now));
  CHECK(pacer.allowance(now) == 1);
  Millis busy{0};
  std::uint64_t done = 0;
  // 10 ms for each message.
  const TimePoint begin = now;
  while (now < begin + Millis{5000}) {
    const std::uint64_t batch = pacer.allowance(now);
    if (batch == 0) {
      now += Millis{1};
      continue;
    }
    pacer.sent(batch, now);
    CHECK(pacer.allowance(now) == 0);
    now += Millis{10} * static_cast<int>(batch);
    busy += Millis{10} * static_cast<int>(batch);
    done += batch;
    pacer.look(0, now);
  }
  CHECK(busy.count() == Approx(1250).margin(100));
  CHECK(done == Approx(125).margin(10));
}

TEST_CASE("a pause of the pacing is no longer than it may be, or than one message takes") {
  const TimePoint now{std::chrono::hours{5}};
  Pacer quick(Pace{0.05, Millis{150}, Millis{0}}, now);
  quick.sent(1, now);
  quick.look(0, now + Millis{50});
  CHECK(quick.allowance(now + Millis{199}) == 0);
  CHECK(quick.allowance(now + Millis{200}) == 1);
  Pacer slow(Pace{0.25, Millis{150}, Millis{0}}, now);
  slow.sent(1, now);
  slow.look(1, now + Millis{400});
  CHECK(slow.waiting());
  slow.look(0, now + Millis{450});
  CHECK(slow.allowance(now + Millis{899}) == 0);
  CHECK(slow.allowance(now + Millis{900}) == 1);
}

TEST_CASE("a source that acknowledges many at once is not waited for without end") {
  const TimePoint now{std::chrono::hours{5}};
  Pacer pacer(Pace{0.25, Millis{150}, Millis{0}}, now);
  pacer.sent(1, now);
  pacer.look(1, now + Millis{499});
  CHECK(pacer.waiting());
  pacer.look(1, now + Millis{501});
  CHECK_FALSE(pacer.waiting());
}

TEST_CASE("pacing ends in its time, and can be begun again") {
  const TimePoint now{std::chrono::hours{5}};
  Pacer pacer(Pace{0.25, Millis{150}, Millis{3000}}, now);
  CHECK(pacer.active(now + Millis{2999}));
  CHECK_FALSE(pacer.active(now + Millis{3000}));
  pacer.set(Pace{0.25, Millis{150}, Millis{0}}, now + Millis{5000});
  CHECK(pacer.active(now + Millis{500000}));
  pacer.set(Pace{}, now + Millis{6000});
  CHECK_FALSE(pacer.active(now + Millis{6000}));
}
