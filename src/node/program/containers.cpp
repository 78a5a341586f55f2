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

Millis linger_of(const Freeze& request) {
  return std::min(Millis(std::min<std::uint64_t>(request.linger_ms, kLongestFreeze.count())), kLongestFreeze);
}

/// Stopped itself for that long, this program would freeze anew what the guard has brought to its end. (Under a claim:
/// the guard acts before or after it.)
void check_within(std::optional<BootTime> limit, const std::string& id) {
  if (limit && BootClock::now() >= *limit) throw failed("freezing", id, "its limit was over before that was done");
}

}  // namespace

std::optional<Claim> Containers::claim(const std::string& id, const ControlGroup& group, const StopToken& stop) const {
  auto claim = Claim::wait(group, stop);
  if (claim && is_newer(claim->read(), owner_))
    throw Error(ErrorKind::inconsistent, "another session, which began later, has container " + id.substr(0, 12));
  return claim;
}

void Containers::check_still_held(const Claim& claim, const std::string& id, const ControlGroup& group) const {
  const auto owned = claim.read();
  if (!owned || owned->owner != owner_ || !owned->end || !is_kept_frozen(group))
    throw Error(ErrorKind::inconsistent, "container " + id.substr(0, 12) + " has not been frozen all the time");
}

bool Containers::begin_freeze(const std::string& id, const ControlGroup& group, const Freeze& request,
                              std::optional<BootTime> limit, Terms terms, const StopToken& stop) {
  const auto ours = claim(id, group, stop);
  if (!ours) return false;
  const std::lock_guard lock(mutex_);
  if (ending_) throw Cancelled();
  stop.check("freezing container " + id.substr(0, 12));  // one that was given up does not come late
  check_within(limit, id);
  if (request.still_held) check_still_held(*ours, id, group);
  if (request.at_end != AtEnd::stay)
    guard_.watch(id, group, {request.at_end, limit, linger_of(request), terms == Terms::while_awake});
  ours->write({owner_, request.at_end});
  if (request.at_end == AtEnd::stay) guard_.dismiss(id);
  if (write_frozen(group, true)) return true;
  guard_.dismiss(id);
  if (!has_processes(group)) return false;
  throw failed("freezing", id, "the kernel did not take it");
}

void Containers::give_up(const std::string& id, const ControlGroup& group) {
  try {
    {
      const auto ours = Claim::wait(group, {});
      const auto owned = ours ? ours->read() : std::nullopt;
      if (owned && owned->owner == owner_) {
        write_frozen(group, false);
        ours->write({owner_, std::nullopt});
      }
    }
    guard_.dismiss(id);  // without the claim: the guard's end, which may need it, may be being waited for
  } catch (const Error&) {
    guard_.watch(id, group, {AtEnd::thaw, BootClock::now()});  // as soon as it can
  }
}

Found Containers::freeze(const Freeze& request, const StopToken& stop) {
  const std::string id = check_container_id(request.container);
  const auto group = find_control_group(root_, id);
  return {group && freeze(id, *group, request, Terms::its_own, stop)};
}

bool Containers::freeze(const std::string& id, const ControlGroup& group, const Freeze& request, Terms terms,
                        const StopToken& stop) {
  const auto limit = limit_of(request);
  if (!begin_freeze(id, group, request, limit, terms, stop)) return false;
  const auto again = [&] {
    const auto ours = claim(id, group, stop);
    check_within(limit, id);
    if (ours) write_frozen(group, true);
  };
  try {
    if (await_frozen(group, stop, again)) {
      stop.check("freezing container " + id.substr(0, 12));
      claim(id, group, stop);
      check_within(limit, id);
      return true;
    }
  } catch (...) {
    give_up(id, group);
    throw;
  }
  give_up(id, group);
  throw failed("freezing", id, "its processes did not stop");
}

Containers::Held Containers::hold(const std::string& container, const std::string& of_runtime, const StopToken& stop) {
  const std::string id = check_container_id(container);
  const Error gone(ErrorKind::not_found, "container " + id.substr(0, 12) + " does not run on this node");
  const auto whole = find_control_group(root_, id);
  if (!whole) throw gone;
  const Held held{id, group_of_runtime(*whole, of_runtime), true};
  if (is_kept_frozen(*whole) || is_kept_frozen(held.group)) {
    if (held.group.path == whole->path && stands(held)) return {id, held.group, false};
    throw Error(ErrorKind::conflict, "container " + id.substr(0, 12) + " is frozen already");
  }
  if (!freeze(id, held.group, {id, {}, AtEnd::thaw, false}, Terms::while_awake, stop)) throw gone;
  return held;
}

void Containers::end_after(const std::string& container, pid_t process_group) {
  guard_.end_after(check_container_id(container), process_group);
}

bool Containers::stands(const Held& held) const {
  const auto ours = is_kept_frozen(held.group) ? Claim::wait(held.group, {}) : std::nullopt;
  const auto owned = ours ? ours->read() : std::nullopt;
  return owned && owned->owner == owner_ && owned->end;
}

void Containers::let_go(const Held& held) noexcept {
  try {
    give_up(held.id, held.group);
  } catch (const std::exception&) {  // the guard has it, when the program ends at the latest
  }
}

Found Containers::thaw(const std::string& container, const StopToken& stop) {
  const std::string id = check_container_id(container);
  stop.check("thawing container " + id.substr(0, 12));
  const auto group = find_control_group(root_, id);
  const auto ours = group ? claim(id, *group, stop) : std::nullopt;
  if (!ours) return guard_.dismiss(id), Found{false};
  guard_.watch(id, *group, {AtEnd::thaw});
  ours->write({owner_, AtEnd::thaw});
  const bool done = write_frozen(*group, false);
  const bool gone = !done && !has_processes(*group);
  if (done) ours->write({owner_, std::nullopt});
  guard_.dismiss(id);
  if (!done && !gone) throw failed("thawing", id, "the kernel did not take it");
  return {done};
}

Found Containers::kill(const std::string& container, const StopToken& stop) {
  const std::string id = check_container_id(container);
  const auto group = find_control_group(root_, id);
  if (!group) return guard_.dismiss(id), Found{false};
  {
    const auto ours = claim(id, *group, stop);
    if (!ours) return guard_.dismiss(id), Found{false};
    guard_.watch(id, *group, {AtEnd::kill});
    ours->write({owner_, AtEnd::kill});
  }
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
