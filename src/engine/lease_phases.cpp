#include "engine/lease_phases.hpp"

#include <chrono>
#include <utility>

#include "base/ids.hpp"
#include "engine/lease.hpp"
#include "kube/objects/held_lease.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

namespace {

constexpr std::chrono::minutes kRenewal{10};

}  // namespace

void LeasePhases::begin(const std::string& ns, const std::string& pod, const std::string& migration) {
  end();
  over_ = false;
  stop_.emplace();
  thread_ =
      std::thread([this, lease = ObjectRef{Kind::lease, ns, "ms2m-" + pod}, migration] { run(lease, migration); });
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

void LeasePhases::run(const ObjectRef& lease, const std::string& migration) {
  for (bool at_once = !migration.empty();; at_once = false) {
    std::unique_lock lock(mutex_);
    if (!at_once) changed_.wait_for(lock, kRenewal, [this] { return over_ || next_; });
    if (over_) return;
    const std::optional<Phase> phase = std::exchange(next_, std::nullopt);
    lock.unlock();
    try {
      renew(lease, migration, phase);
    } catch (const std::exception&) {
      // It is told for others alone; the migration needs it for nothing.
    }
  }
}

void LeasePhases::renew(const ObjectRef& ref, const std::string& migration, std::optional<Phase> phase) {
  const StopToken stop = stop_->token().within(std::chrono::seconds(10));
  const auto object = cluster_.get(ref, stop);
  if (!object) return;
  const Lease lease = parse_lease(*object);
  const bool ours = migration.empty() ? lease.holder.starts_with(process_name() + " ") : lease.migration == migration;
  if (!ours) return;
  const auto said = phase ? std::optional<std::string>(to_string(*phase)) : std::nullopt;
  cluster_.patch(ref, PatchType::merge, held_lease_patch(lease, said, now_micro_time()), stop);
}

}  // namespace ms2m
