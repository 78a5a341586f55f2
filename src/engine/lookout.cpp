#include "engine/lookout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms2m {
namespace {

constexpr Millis kBetween{1000};
constexpr Millis kAnswersWithin{3000};
/// A look that took longer was not made all the time: the process was stopped, or its machine suspended.
constexpr Millis kLongestLook = kBetween + kAnswersWithin + Millis{500};

}  // namespace

Lookout::Lookout(Cluster& cluster, const std::string& source_node, const std::string& target_node, Millis patience,
                 const StopToken& stop)
    : cluster_(cluster), source_node_(source_node), target_node_(target_node), patience_(patience), stop_(stop) {
  const TimePoint now = Clock::now();
  api_server_ = {"the API server", {}, now, true};
  source_ = {"the kubelet of " + source_node, {}, now};
  target_ = {"the kubelet of " + target_node, {}, now};
  asking_.emplace([this](const StopToken& until) { ask(until); });
}

void Lookout::waits_on(WaitsOn whom) {
  const std::lock_guard lock(mutex_);
  if (whom == WaitsOn::source_kubelet && whom_ != whom) forgive(source_);  // it was not asked until now
  whom_ = whom;
  decide();
}

std::optional<Error> Lookout::silence() const {
  const std::lock_guard lock(mutex_);
  return silence_;
}

void Lookout::forgive(Party& party) {
  party.silent = {};
  party.last = Clock::now();
}

void Lookout::decide() {
  if (silence_ || whom_ == WaitsOn::nodes) return;
  const auto tell = [&](const Party& party) {
    if (silence_ || !party.heard || party.silent < patience_) return;
    silence_.emplace(ErrorKind::unavailable,
                     fmt::format("{} has not answered for {:.0f} s while nobody worked on the queue", party.words,
                                 Seconds(party.silent).count()),
                     "run ms2m again when it answers");
    stop_.request_stop();
  };
  tell(api_server_);
  if (whom_ == WaitsOn::source_kubelet) tell(source_);
  if (whom_ == WaitsOn::target_kubelet) tell(target_);
}

bool Lookout::look_at(Party& party, const std::function<bool(const StopToken& stop)>& answers, const StopToken& stop) {
  Millis limit = kAnswersWithin;
  {
    const std::lock_guard lock(mutex_);
    const auto left = std::chrono::ceil<Millis>(patience_ - party.silent - (Clock::now() - party.last));
    limit = std::clamp(left, kAnswersWithin / 10, kAnswersWithin);
  }
  const bool answered = answers(stop.within(limit));
  const std::lock_guard lock(mutex_);
  if (answered)
    party.silent = {};
  else
    party.silent += std::min<Clock::duration>(Clock::now() - party.last, kLongestLook);
  party.heard = party.heard || answered;
  party.last = Clock::now();
  decide();
  return answered;
}

bool Lookout::asks_source() const {
  const std::lock_guard lock(mutex_);
  return !source_.heard || whom_ == WaitsOn::source_kubelet;
}

void Lookout::ask(const StopToken& stop) {
  const auto api_server = [&](const StopToken& limit) {
    try {
      cluster_.identity(limit);
    } catch (const Error& error) {  // any other is an answer
      return error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable;
    }
    return true;
  };
  const auto kubelet = [&](const std::string& node) {
    return [this, node](const StopToken& limit) {
      try {
        return cluster_.kubelet_patience(node, limit).has_value();
      } catch (const Error&) {
        return false;
      }
    };
  };
  for (;; stop.sleep(kBetween, "looking again whether they answer")) {
    if (look_at(api_server_, api_server, stop)) {
      if (asks_source()) look_at(source_, kubelet(source_node_), stop);
      look_at(target_, kubelet(target_node_), stop);
    } else {  // by way of it
      const std::lock_guard lock(mutex_);
      forgive(source_);
      forgive(target_);
    }
    if (silence()) return;
  }
}

}  // namespace ms2m
