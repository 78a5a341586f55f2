#include "engine/lease_phases.hpp"

#include <utility>

#include "engine/lease.hpp"
#include "kube/objects/held_lease.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void LeasePhases::begin(const std::string& ns, const std::string& pod) {
  end();
  over_ = false;
  stop_.emplace();
  thread_ = std::thread([this, lease = ObjectRef{Kind::lease, ns, "ms2m-" + pod}] { run(lease); });
}

void LeasePhases::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    next_.reset();
  }
  stop_->request_stop();
  changed_.notify_all();
  thread_.join();
}

void LeasePhases::on(const Event& event) noexcept {
  inner_.on(event);
  if (event.type != Event::Type::phase_started || event.phase < Phase::transferring) return;
  const std::lock_guard lock(mutex_);
  next_ = event.phase;
  changed_.notify_all();
}

void LeasePhases::run(const ObjectRef& lease) {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_ || next_; });
    if (over_) return;
    const Phase phase = *std::exchange(next_, std::nullopt);
    lock.unlock();
    try {
      tell(lease, phase);
    } catch (const std::exception&) {
      // It is told for people alone; the migration needs it for nothing.
    }
  }
}

void LeasePhases::tell(const ObjectRef& ref, Phase phase) {
  const StopToken stop = stop_->token().within(std::chrono::seconds(10));
  const auto object = cluster_.get(ref, stop);
  if (!object) return;
  const Lease lease = parse_lease(*object);
  if (!lease.holder.starts_with(process_name() + " ")) return;
  cluster_.patch(ref, PatchType::merge, held_lease_phase_patch(lease, to_string(phase)), stop);
}

}  // namespace ms2m
