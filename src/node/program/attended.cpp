#include "node/program/attended.hpp"

#include <algorithm>
#include <vector>

#include "ms2m/error.hpp"
#include "node/program/freeze_owner.hpp"
#include "node/program/processes.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/containerd.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

/// A runtime that was just told begins, and one that has lost its CRIU ends, within it.
constexpr std::chrono::seconds kQuiet{2};
constexpr std::chrono::minutes kLongest{15};  // a dump of a large memory
constexpr Millis kLook{50};                   // nobody is told that another program has ended

/// "runc --root ... checkpoint --image-path ... <id>"
bool is_checkpoint_of(const std::string& process, const std::string& id) {
  const std::vector<std::string> argv = command_line(process);
  const auto checkpoint = std::find(argv.begin(), argv.end(), "checkpoint");
  return std::find(checkpoint, argv.end(), id) != argv.end();
}

/// A CRIU whose runtime has died says nowhere whose it is, but it traces what it dumps.
bool is_traced_by_criu(const std::string& process) {
  const std::string tracer = tracer_of(process);
  return !tracer.empty() && read_text(tracer + "/comm").value_or("") == "criu\n";
}

/// False: somebody has been at it all the time.
bool await_quiet(const std::string& id, const StopToken& stop) {
  const TimePoint begun = Clock::now();
  for (TimePoint busy = begun; Clock::now() < begun + kLongest;) {
    if (is_worked_at(id)) busy = Clock::now();
    if (Clock::now() - busy >= kQuiet) return true;
    stop.sleep(kLook, "waiting until nobody makes a checkpoint of container " + id.substr(0, 12));
  }
  return false;
}

/// The right to resume it; nullopt: it has gone, or is a session's, whose freeze has an end of its own.
std::optional<Claim> claim_to_resume(const ControlGroup& group, const StopToken& stop) {
  auto claim = Claim::wait(group, stop);
  const auto owned = claim ? claim->read() : std::nullopt;
  if (owned && owned->end) return std::nullopt;
  return claim;
}

Error stands_still(const std::string& id, const std::string& why) {
  return Error(ErrorKind::failed, "container " + id.substr(0, 12) + " was left standing still, " + why,
               "ctr -n k8s.io tasks resume " + id);
}

}  // namespace

bool is_worked_at(const std::string& id) {
  const auto of_container = processes_of(id);
  if (std::any_of(of_container.begin(), of_container.end(), is_traced_by_criu)) return true;
  const auto all = all_processes();
  return std::any_of(all.begin(), all.end(), [&](const auto& each) { return is_checkpoint_of(each, id); });
}

void Attended::begin(const std::string& container) {
  const std::string id = check_container_id(container);
  const auto group = find_control_group(groups_, id);
  const std::lock_guard lock(mutex_);
  all_[id] = group && is_kept_frozen(*group);
}

void Attended::over(const std::string& container) {
  const std::string id = check_container_id(container);
  const std::lock_guard lock(mutex_);
  all_.erase(id);
}

bool Attended::mend(const std::string& container, const StopToken& stop) {
  const std::string id = check_container_id(container);
  {
    const std::lock_guard lock(mutex_);
    const auto found = all_.find(id);
    if (found != all_.end() && found->second) return false;
  }
  if (!find_control_group(groups_, id)) return over(id), false;
  const bool quiet = await_quiet(id, stop);
  const auto group = find_control_group(groups_, id);
  if (!group || !is_kept_frozen(*group)) return over(id), false;
  const auto claim = claim_to_resume(*group, stop);
  if (!claim) return over(id), false;
  if (!quiet) throw stands_still(id, "and its checkpoint does not come to an end");
  // What the runtime knows of it is right only when it did it itself; but it must run, in any case.
  if (!resume_in_containerd(system_, id, stop) && is_kept_frozen(*group) && !write_frozen(*group, false))
    throw stands_still(id, "and does not resume");
  return over(id), true;
}

void Attended::end() noexcept {
  std::map<std::string, bool> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(all_);
  }
  for (const auto& [id, stood] : all) try {
      if (!stood) mend(id, StopToken());
    } catch (const std::exception&) {  // nobody is left to hear of it
    }
}

}  // namespace ms2m::node
