#include "node/program/pack_choice.hpp"

#include <algorithm>

namespace ms2m::node {
namespace {

constexpr double kSpan = 2 << 20;       // plain bytes: credit comes by the MiB
constexpr double kWaits = 0.25;         // of a span's time: so much of it is more than a moment's congestion
constexpr double kPromising = 0.8;      // of the time without, as predicted
constexpr double kPays = 0.95;          // of the time without, as measured
constexpr unsigned kLongestPause = 16;  // spans
constexpr unsigned kLongestLook = 128;  // spans

}  // namespace

void PackChoice::sent(const Sent& block) noexcept {
  if (block.plain == 0) return;
  if (trial_) return after_trial(block);
  span_.plain += static_cast<double>(block.plain);
  span_.travelled += static_cast<double>(block.travelled);
  span_.making += block.making.count();
  span_.packing += block.packing.count();
  span_.waiting += block.waiting.count();
  if (span_.plain < kSpan) return;
  if (packed_)
    after_packed_span();
  else
    after_plain_span();
  span_ = {};
}

void PackChoice::after_plain_span() noexcept {
  if (pause_ > 0) {
    --pause_;
    return;
  }
  if (span_.share_waited() < kWaits) return;
  plain_span_ = span_;
  trial_ = true;
}

void PackChoice::after_trial(const Sent& block) noexcept {
  trial_ = false;
  const double own = plain_span_.making / plain_span_.plain, link = plain_span_.elapsed() / plain_span_.travelled;
  const double plain = static_cast<double>(block.plain);
  const double packing = block.packing.count() / plain, ratio = static_cast<double>(block.travelled) / plain;
  without_ = plain_span_.per_byte();
  if (std::max(own + packing, link * ratio) < kPromising * without_) {
    packed_ = true;
    since_look_ = 0;
  } else {
    leave();
  }
}

void PackChoice::after_packed_span() noexcept {
  // Where the link is waited for, it says itself what it would take without.
  const bool waits = span_.share_waited() >= kWaits;
  if (waits) without_ = std::max(span_.making / span_.plain, span_.elapsed() / span_.travelled);
  if (span_.per_byte() > kPays * without_) return leave();
  next_pause_ = 1;
  if (waits || ++since_look_ < next_look_) return;
  packed_ = false;  // the next span tells how fast the link is by now
  next_look_ = std::min(2 * next_look_, kLongestLook);
}

void PackChoice::leave() noexcept {
  packed_ = false;
  pause_ = next_pause_;
  next_pause_ = std::min(2 * next_pause_, kLongestPause);
}

}  // namespace ms2m::node
