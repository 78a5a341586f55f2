#include "node/program/containers.hpp"

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"

namespace ms2m::node {
namespace {

constexpr Millis kLongestFreeze{24 * 3600 * 1000};

Error failed(const std::string& doing, const std::string& id, const std::string& said) {
  return Error(ErrorKind::failed, doing + " container " + id.substr(0, 12) + ": " + said);
}

std::optional<BootTime> limit_of(const Freeze& request) {
  if (!request.limit_ms) return std::nullopt;
  if (request.at_end == AtEnd::stay)
    throw Error(ErrorKind::usage, "a freeze with a limit needs to know what comes after it");
  return BootClock::now() +
         std::min(Millis(std::min<std::uint64_t>(*request.limit_ms, kLongestFreeze.count())), kLongestFreeze);
}

}  // namespace

bool Containers::begin_freeze(const std::string& id, const ControlGroup& group, const Freeze& request,
                              const StopToken& stop) {
  const auto limit = limit_of(request);
  const std::lock_guard lock(mutex_);
  if (ending_) throw Cancelled();
  stop.check("freezing container " + id.substr(0, 12));  // one that was given up does not come late
  if (request.at_end == AtEnd::stay)
    guard_.dismiss(id);
  else
    guard_.watch(id, group, request.at_end, limit);
  if (write_frozen(group, true)) return true;
  guard_.dismiss(id);
  if (!has_processes(group)) return false;
  throw failed("freezing", id, "the kernel did not take it");
}

Found Containers::freeze(const Freeze& request, const StopToken& stop) {
  const std::string id = check_container_id(request.container);
  const auto group = find_control_group(root_, id);
  if (!group) return {false};
  if (!begin_freeze(id, *group, request, stop)) return {false};
  const auto undo = [&] {
    write_frozen(*group, false);
    guard_.dismiss(id);
  };
  try {
    if (await_frozen(*group, stop)) {
      stop.check("freezing container " + id.substr(0, 12));
      return {true};
    }
  } catch (...) {
    undo();
    throw;
  }
  undo();
  throw failed("freezing", id, "its processes did not stop");
}

Found Containers::thaw(const std::string& container, const StopToken& stop) {
  const std::string id = check_container_id(container);
  stop.check("thawing container " + id.substr(0, 12));
  const auto group = find_control_group(root_, id);
  if (!group) return guard_.dismiss(id), Found{false};
  guard_.watch(id, *group, AtEnd::thaw, std::nullopt);
  const bool done = write_frozen(*group, false);
  const bool gone = !done && !has_processes(*group);
  guard_.dismiss(id);
  if (!done && !gone) throw failed("thawing", id, "the kernel did not take it");
  return {done};
}

Found Containers::kill(const std::string& container, const StopToken& stop) {
  const std::string id = check_container_id(container);
  const auto group = find_control_group(root_, id);
  if (!group) return guard_.dismiss(id), Found{false};
  guard_.watch(id, *group, AtEnd::kill, std::nullopt);
  const bool done = kill_processes(*group, stop);
  guard_.dismiss(id);
  if (!done) throw failed("killing", id, "its processes did not end");
  return {true};
}

void Containers::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  guard_.end();
}

}  // namespace ms2m::node
