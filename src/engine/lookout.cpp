#include "engine/lookout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ms2m {
namespace {

constexpr int kQuestions = 5;  ///< that are out at the same time, at most: one that is lost is no silence
constexpr Clock::duration kLook = Millis{100};
/// A look that comes so late was not made all the time: this process stood still, or had no processor.
constexpr Clock::duration kLate = Millis{1000};

}  // namespace

Lookout::Lookout(Cluster& cluster, const MainLine& line, const Kubelets& kubelets, Millis patience,
                 const StopToken& stop, BootTimes clock)
    : line_(line),
      patience_(patience),
      told_by_node_(kubelets.told_by_node),
      between_(patience_ / kQuestions),
      clock_(std::move(clock)),
      stop_(stop) {
  api_server_ = Party{"the API server", [&cluster](const StopToken& until) { return cluster.answers(until); }, true};
  const auto kubelet_of = [&cluster](const std::string& node) {
    return Party{"the kubelet of " + node,
                 [&cluster, node](const StopToken& until) { return cluster.kubelet_answers(node, until); }};
  };
  if (!kubelets.source.empty()) source_ = kubelet_of(kubelets.source);
  if (!kubelets.target.empty()) target_ = kubelet_of(kubelets.target);
  looking_.emplace([this](const StopToken& until) { look(until); });
}

/// What is said last may concern the kubelets, too.
Lookout::~Lookout() {
  looking_.reset();
  api_server_.questions.clear();
}

std::optional<FellSilent> Lookout::silence() const {
  const std::lock_guard lock(mutex_);
  return silence_;
}

void Lookout::look(const StopToken& stop) {
  const auto each = [&](const auto& act) {
    act(api_server_);
    if (source_) act(*source_);
    if (target_) act(*target_);
  };
  each([this](Party& party) { party.since_asked = between_; });
  for (BootTime last = clock_();;) {
    each([this](Party& party) { ask(party); });
    stop.sleep(std::min(kLook, between_ / 2), "looking whether they answer");
    const BootTime now = clock_();
    const Clock::duration time = now - std::exchange(last, now);
    each([&](Party& party) { pass(party, time); });
    if (decide(time)) return;
  }
}

bool Lookout::is_late(Clock::duration time) const { return time > std::min(kLate, 2 * between_); }

/// What came while nobody looked has yet to be read, and what was asked before may be lost.
void Lookout::pass(Party& party, Clock::duration time) {
  const std::lock_guard lock(mutex_);
  const bool away = is_late(time);
  party.silent = away ? std::max(party.silent - time, Clock::duration{0}) : party.silent + time;
  party.since_asked = away ? between_ : party.since_asked + time;
  for (Question& question : party.questions) question.age += time;
}

void Lookout::ask(Party& party) {
  party.questions.remove_if([&](const Question& each) { return each.asking->ended() || each.age >= patience_; });
  if (party.since_asked < between_ || party.questions.size() > kQuestions) return;
  party.since_asked = {};
  party.questions.push_back({{}, std::make_unique<Aside>([this, &party](const StopToken& stop) {
                               std::optional<bool> answer;
                               try {
                                 answer = party.ask(stop);
                               } catch (const Error&) {  // could not be asked
                               }
                               answered(party, answer);
                             })});
}

void Lookout::answered(Party& party, std::optional<bool> answer) {
  if (answer == false) return;
  const std::lock_guard lock(mutex_);
  // Kubelets are asked by way of it: until now it has kept back what they said.
  if (&party == &api_server_ && party.silent >= 2 * between_)
    for (auto* kubelet : {&source_, &target_})
      if (*kubelet) (*kubelet)->silent = {};
  party.silent = {};
  party.heard = party.heard || answer.has_value();
}

const Lookout::Party* Lookout::silent_in(WaitFor wait) const {
  const auto silent = [this](const Party& party) { return party.heard && party.silent >= patience_; };
  const bool api_server = silent(api_server_);
  switch (wait) {
    case WaitFor::api_server:
      return api_server ? &api_server_ : nullptr;
    case WaitFor::kubelet:
      if (!source_) return nullptr;
      // On the direct way it works on without the API server.
      if (source_->heard && source_->silent < patience_) return nullptr;
      return api_server ? &api_server_ : silent(*source_) ? &*source_ : nullptr;
    case WaitFor::pod_start:
      if (!target_) return nullptr;
      // It starts it without the API server, which may keep back what it says.
      if (told_by_node_ && api_server_.silent >= 2 * between_) return nullptr;
      return api_server ? &api_server_ : silent(*target_) ? &*target_ : nullptr;
    default:
      return nullptr;
  }
}

/// Who is needed only now may have come back since he was asked last, so he is asked once more.
bool Lookout::decide(Clock::duration time) {
  const WaitFor wait = line_.now();
  const std::lock_guard lock(mutex_);
  waited_ = std::exchange(wait_, wait) == wait && !is_late(time) ? waited_ + time : Clock::duration{0};
  const Party* party = waited_ >= 2 * between_ ? silent_in(wait) : nullptr;
  if (party == nullptr) return false;
  silence_.emplace(ErrorKind::unavailable,
                   fmt::format("{} has not answered for {:.1f} s while nobody worked on the queue", party->words,
                               Seconds(party->silent).count()),
                   "run ms2m again when it answers");
  stop_.request_stop();
  return true;
}

}  // namespace ms2m
