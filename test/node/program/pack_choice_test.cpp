// `--compress auto` over links whose speeds are made up, in a time that is counted.
#include "node/program/pack_choice.hpp"

#include <algorithm>
#include <functional>

#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

constexpr double kBlock = 256 << 10;
constexpr double kMB = 1e6;

/// Bytes a second, and how much of a block is left of it.
struct Machine {
  double makes = 1000 * kMB, packs = 500 * kMB, ratio = 0.35;
  double link = 100 * kMB;
  double buffer = 8 << 20;  ///< that the link takes without being waited for
};

/// Blocks made, packed where `choose` says so, and taken by the link as soon as there is room.
struct Run {
  double now = 0;      ///< of the sender
  double link_at = 0;  ///< when the link will have sent what it has taken
  double travelled = 0;
  double packed = 0;  ///< blocks

  template <class Choose, class Told>
  void block(const Machine& is, const Choose& choose, const Told& told) {
    const double making = kBlock / is.makes;
    const bool compress = choose();
    const double packing = compress ? kBlock / is.packs : 0, size = compress ? kBlock * is.ratio : kBlock;
    now += making + packing;
    const double before = now;
    link_at = std::max(link_at, now) + size / is.link;
    now = std::max(now, link_at - is.buffer / is.link);
    travelled += size;
    packed += compress ? 1 : 0;
    told({static_cast<std::uint64_t>(kBlock), static_cast<std::uint64_t>(size), Seconds(making), Seconds(packing),
          Seconds(now - before)});
  }
  double end() const { return std::max(now, link_at); }
};

using At = std::function<Machine(double share_done)>;

Run run(double bytes, const At& at, std::optional<bool> always = {}) {
  Run run;
  PackChoice choice;
  const int blocks = static_cast<int>(bytes / kBlock);
  for (int n = 0; n < blocks; ++n)
    run.block(
        at(static_cast<double>(n) / blocks), [&] { return always ? *always : choice.compress(); },
        [&](const PackChoice::Sent& sent) { choice.sent(sent); });
  return run;
}

struct Times {
  double none, zstd, automatic, share_packed;
};

Times times(double bytes, const At& at) {
  const Run chosen = run(bytes, at);
  return {run(bytes, at, false).end(), run(bytes, at, true).end(), chosen.end(), chosen.packed * kBlock / bytes};
}
At always(const Machine& machine) {
  return [machine](double) { return machine; };
}

constexpr double kSmall = 27 << 20, kLarge = 1 << 30;

}  // namespace

TEST_CASE("a slow link gets what was compressed", "[packing]") {
  const double link = GENERATE(1.0, 10.0, 50.0, 100.0) * kMB;
  Machine machine;
  machine.link = link;
  const Times took = times(kLarge, always(machine));
  CHECK(took.zstd < 0.4 * took.none);
  CHECK(took.automatic < 1.05 * took.zstd);
  CHECK(took.share_packed > 0.95);
  machine.buffer = 2 << 20;
  CHECK(times(kSmall, always(machine)).automatic < 0.6 * times(kSmall, always(machine)).none);
}

TEST_CASE("a link that is faster than its sender gets it as it is, and nothing is tried", "[packing]") {
  Machine machine;
  machine.link = 2000 * kMB;
  const Times took = times(kLarge, always(machine));
  CHECK(took.zstd > 2 * took.none);
  CHECK(took.automatic == took.none);
  CHECK(took.share_packed == 0);
}

TEST_CASE("at no speed of the link, and for no data, auto is noticeably slower than none", "[packing]") {
  for (const double link : {5.0, 20.0, 80.0, 150.0, 250.0, 333.0, 400.0, 600.0, 900.0, 1500.0})
    for (const double ratio : {0.01, 0.3, 0.7, 0.95, 1.0})
      for (const double packs : {100.0, 500.0, 2000.0})
        for (const double bytes : {kSmall, kLarge}) {
          CAPTURE(link, ratio, packs, bytes);
          Machine machine;
          machine.link = link * kMB;
          machine.ratio = ratio;
          machine.packs = packs * kMB;
          const Times took = times(bytes, always(machine));
          CHECK(took.automatic <= 1.03 * took.none);
        }
}

TEST_CASE("a moment's congestion is forgotten", "[packing]") {
  const Times took = times(4 * kLarge, [](double done) {
    Machine machine;
    machine.link = done > 0.05 && done < 0.06 ? 20 * kMB : 2000 * kMB;
    return machine;
  });
  CHECK(took.automatic < took.none);
  CHECK(took.share_packed < 0.1);
}

TEST_CASE("a link that becomes slower, and data that compresses late", "[packing]") {
  const Times slower = times(kLarge, [](double done) {
    Machine machine;
    machine.link = done < 0.3 ? 2000 * kMB : 20 * kMB;
    return machine;
  });
  CHECK(slower.automatic < 1.1 * slower.zstd);
  const Times late = times(kLarge, [](double done) {
    Machine machine;
    machine.link = 50 * kMB;
    machine.ratio = done < 0.5 ? 1.0 : 0.2;
    return machine;
  });
  CHECK(late.automatic < 0.7 * late.none);
}

TEST_CASE("a sender that compresses looks whether its link has become faster", "[packing]") {
  const Times took = times(4 * kLarge, [](double done) {
    Machine machine;
    machine.link = done < 0.2 ? 20 * kMB : 2000 * kMB;
    return machine;
  });
  CHECK(took.share_packed < 0.4);
  CHECK(took.automatic < 1.05 * std::min(took.none, took.zstd));
}

TEST_CASE("what does not become smaller any more is sent as it is", "[packing]") {
  const Times took = times(kLarge, [](double done) {
    Machine machine;
    machine.link = 300 * kMB;
    machine.packs = 250 * kMB;
    if (done < 0.1) machine.packs = 2000 * kMB;
    machine.ratio = done < 0.1 ? 0.1 : 1.0;
    return machine;
  });
  CHECK(took.zstd > 1.2 * took.none);
  CHECK(took.automatic < 1.02 * took.none);
  CHECK(took.share_packed < 0.11);
}
