#include "node/program/freeze_owner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <string>
#include <system_error>

#include "ms2m/error.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr Millis kLook{20};  // nobody is told that a lock is free, or waits for one with a limit
constexpr const char* kNoEnd = "none";
constexpr std::array<const char*, 3> kEnds{"thaw", "kill", "stay"};

/// Nobody but root reads or writes the first kind, whoever owns the directory. Not root: on files that are no kernel's.
const char* attribute() { return ::geteuid() == 0 ? "trusted.ms2m.freeze" : "user.ms2m.freeze"; }

std::string print(const Owned& owned) {
  const char* end = owned.end ? kEnds.at(static_cast<std::size_t>(*owned.end)) : kNoEnd;
  return std::string(end) + " " + std::to_string(owned.owner.guard) + " " + std::to_string(owned.owner.began);
}

std::optional<Owned> parse(const std::string& text) {
  std::istringstream words(text);
  std::string end;
  Owned owned;
  if (!(words >> end >> owned.owner.guard >> owned.owner.began)) return std::nullopt;
  for (std::size_t i = 0; i < kEnds.size(); ++i)
    if (end == kEnds[i]) owned.end = static_cast<AtEnd>(i);
  return owned;
}

bool lives(const Owner& owner) { return owner_of(owner.guard) == owner; }

/// Its end may still come by itself.
bool in_hand(const Owned& owned) { return !owned.end || *owned.end == AtEnd::stay || lives(owned.owner); }

}  // namespace

std::optional<Owner> owner_of(pid_t guard) {
  const auto began = start_ticks("/proc/" + std::to_string(guard));
  if (!began) return std::nullopt;
  return Owner{guard, *began};
}

Claim::Got Claim::try_now(const ControlGroup& group, std::optional<Claim>& claim) noexcept {
  posix::UniqueFd directory(::open(group.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && (errno == ENOENT || errno == ENODEV)) return Got::gone;
  if (!directory || ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return Got::busy;
  claim = Claim(std::move(directory));
  return Got::claim;
}

std::optional<Claim> Claim::wait(const ControlGroup& group, const StopToken& stop) {
  std::optional<Claim> claim;
  for (const TimePoint end = Clock::now() + kPatience;;) {
    const Got got = try_now(group, claim);
    if (got != Got::busy) return claim;
    stop.check("waiting until nobody else decides about " + group.path);
    if (Clock::now() >= end)
      throw Error(ErrorKind::failed, "another program has been at it for " + std::to_string(kPatience.count()) +
                                         " s, and may have been stopped: its lock is on " + group.path);
    pollfd stopped{stop.fd(), POLLIN, 0};
    ::poll(&stopped, 1, static_cast<int>(stop.remaining(kLook).count()));
  }
}

std::optional<Owned> Claim::read() const {
  std::array<char, 64> text{};
  const auto size = ::fgetxattr(directory_.get(), attribute(), text.data(), text.size());
  if (size <= 0) return std::nullopt;
  return parse(std::string(text.data(), static_cast<std::size_t>(size)));
}

void Claim::write(const Owned& owned) const {
  const std::string text = print(owned);
  if (::fsetxattr(directory_.get(), attribute(), text.data(), text.size(), 0) != 0)
    throw Error(ErrorKind::failed, "its control group takes no " + std::string(attribute()) + ": " +
                                       std::generic_category().message(errno));
}

bool is_newer(const std::optional<Owned>& owned, const Owner& than) {
  return owned && owned->owner.began > than.began && in_hand(*owned);
}

Ending end_owned(const ControlGroup& group, const Owner& owner, AtEnd end) noexcept {
  try {
    std::optional<Claim> claim;
    switch (Claim::try_now(group, claim)) {
      case Claim::Got::gone:
        return Ending::done;
      case Claim::Got::busy:
        return Ending::busy;
      case Claim::Got::claim:
        break;
    }
    const auto owned = claim->read();
    if (!owned || !owned->end || (owned->owner != owner && in_hand(*owned))) return Ending::done;
    if (!end_now(group, owned->owner == owner ? end : *owned->end)) return Ending::again;
    claim->write({owner, std::nullopt});
    return Ending::done;
  } catch (const std::exception&) {  // no memory: another time
    return Ending::again;
  }
}

void bring_to_end(const ControlGroup& group, const Owner& owner, AtEnd end) noexcept {
  for (const TimePoint until = Clock::now() + 2 * kPatience;
       end_owned(group, owner, end) != Ending::done && Clock::now() < until;)
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
}

}  // namespace ms2m::node
