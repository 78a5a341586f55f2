#include "steps/await_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms2m {

std::vector<Announced> AwaitMemory::announce(const Move& move) {
  std::vector<Announced> all{{fmt::format("bring the rest of its memory to {}", move.plan.target_pod)}};
  for (const Announced& each : CompleteCopy::announce(move)) all.push_back(each);
  return all;
}

Ran AwaitMemory::run(const StopToken& stop) const {
  const Bytes come = own.memory->wait(stop);
  lazy_window = std::max(Seconds(*own.memory->ended() - *times.given), Seconds{0});
  tell(observer, kPhase,
       fmt::format("{:.1f} MB of the source's memory are in the copy's, the last {:.2f} s after the hand-over",
                   static_cast<double>(come.count) / 1e6, lazy_window->count()));
  complete.run(stop);
  return {
      fmt::format("the last of {}'s memory came {:.2f} s after the hand-over", plan.target_pod, lazy_window->count())};
}

}  // namespace ms2m
