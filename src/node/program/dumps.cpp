#include "node/program/dumps.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "ms2m/error.hpp"
#include "node/dump/changed_files.hpp"
#include "node/dump/control_group_image.hpp"
#include "node/dump/dump_archive.hpp"
#include "node/program/checkpointing.hpp"
#include "node/program/network_lock.hpp"
#include "node/program/oci_container.hpp"
#include "node/program/sending.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/criu_log.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kMending{20};
constexpr std::chrono::minutes kOthers{2};
constexpr Millis kLook{100};  // nobody is told that a dump has ended

/// The container stands still as long as this lives, and runs again then. One that a session had frozen stays so.
class Standing {
 public:
  Standing(Containers& containers, const std::string& id, const std::string& group, const StopToken& stop)
      : containers_(containers), began_(BootClock::now()), held_(containers.hold(id, group, stop)) {}
  ~Standing() {
    if (held_.ours) containers_.let_go(held_);
  }
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;

  /// Error{failed}: not all the time. What was read meanwhile may be of different moments then.
  void check() const {
    if (!containers_.stands(held_))
      throw Error(ErrorKind::failed,
                  "container " + held_.id.substr(0, 12) + " did not stand still until its dump was whole");
  }
  std::uint64_t milliseconds() const {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(BootClock::now() - began_).count());
  }

 private:
  Containers& containers_;
  const BootTime began_;
  const Containers::Held held_;
};

/// As CRI-O asks for it, but for its own place. What CRIU does with connections stands in the file that it reads.
std::vector<std::string> checkpoint_argv(const OciContainer& container, const DumpPlace& place, const std::string& id) {
  return {container.runtime,
          "--root",
          container.root,
          "checkpoint",
          "--file-locks",
          "--leave-running",
          "--image-path",
          place.path() + "/" + kDumpImages,
          "--work-path",
          place.path() + "/work",
          id};
}

Error failure(const DumpPlace& place, const Checkpointed& checkpointed, const std::string& node) {
  const std::string log = read_text(place.path() + "/work/dump.log").value_or("");
  std::string said = last_errors_of_criu(log);
  if (said.empty()) said = posix::last_line(checkpointed.said);
  const bool full = (log + checkpointed.said).find("No space left") != std::string::npos;
  return Error(ErrorKind::failed,
               "the runtime's checkpoint ended with " + checkpointed.status.text() + (said.empty() ? "" : ": " + said),
               full ? "free some space on node " + node : "");
}

void checkpoint(const OciContainer& container, const std::string& id, const DumpPlace& place, Containers& containers,
                const std::string& node, const StopToken& stop) {
  for (const char* each : {kDumpImages, "work"})
    if (::mkdirat(place.directory(), each, 0700) != 0) posix::throw_errno(place.path());
  Checkpointed done;
  try {
    done = run_checkpoint(
        checkpoint_argv(container, place, id), [&](pid_t group) { containers.end_after(id, group); }, stop);
  } catch (...) {
    open_locked_network(container.init, StopToken().within(kMending));
    throw;
  }
  if (!done.status.ok()) open_locked_network(container.init, StopToken().within(kMending));
  stop.check("checkpointing container " + id.substr(0, 12));
  if (!done.status.ok()) throw failure(place, done, node);
}

/// The copy is to run.
void thaw_in_images(const DumpPlace& place) {
  const std::string file = place.path() + "/" + kDumpImages + "/cgroup.img";
  const auto image = read_text(file);
  if (!image) return;
  if (const std::string thawed = thawed_in_image(*image); thawed != *image) posix::write_file_atomically(file, thawed);
}

void gather_changes(const OciContainer& container, const DumpPlace& place, const std::string& node,
                    const StopToken& stop) {
  const posix::UniqueFd file(
      ::openat(place.directory(), kDumpChanges, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) posix::throw_errno(place.path());
  try {
    write_changed_files(open_root_overlay("/proc/" + std::to_string(container.init)), file.get(), stop);
  } catch (const Error& error) {
    if (error.message().find("No space left") == std::string::npos) throw;
    throw Error(error.kind(), error.message(), "free some space on node " + node);
  }
}

}  // namespace

DumpAnswer Dumps::take(const DumpContainer& request, const std::string& node, const StopToken& stop) {
  check_restore_id(request.id);
  const std::string id = check_container_id(request.container);
  const auto container = find_oci_container(roots_, id);
  if (!container) throw Error(ErrorKind::not_found, "no OCI runtime of this node runs container " + id.substr(0, 12));
  const auto place = std::make_shared<DumpPlace>(roots_.layouts, request.id);
  DumpAnswer answer;
  {
    const Standing standing(containers_, id, container->group, stop);
    checkpoint(*container, id, *place, containers_, node, stop);
    thaw_in_images(*place);
    gather_changes(*container, *place, node, stop);
    standing.check();
    answer.frozen_ms = standing.milliseconds();
  }
  answer.bytes = DumpArchive(place->directory()).size();
  place->complete();
  const std::lock_guard lock(mutex_);
  places_[request.id] = place;
  return answer;
}

StreamEnd Dumps::read(const ReadDump& request, KeptMemory& kept, Channel& channel) {
  std::shared_ptr<DumpPlace> place;
  {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(request.id);
    if (found == places_.end()) throw Error(ErrorKind::not_found, "this session has no dump " + request.id);
    place = found->second;
  }
  const DumpArchive archive(place->directory());
  if (request.round != Round::none)
    return send_round([&] { return archive.reader(); }, request.round, request.id, kept, channel);
  return send_whole(archive.reader(), archive.size(), "dump " + request.id, channel);
}

Found Dumps::remove(const RemoveDump& request, const StopToken& stop) {
  check_restore_id(request.id);
  std::shared_ptr<DumpPlace> own;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(request.id); found != places_.end()) {
      own = std::move(found->second);
      places_.erase(found);
    }
  }
  const StopToken within = stop.within(kOthers);
  for (;;) {
    const auto removed = DumpPlace::remove(roots_.layouts, request.id);
    if (removed != DumpPlace::Removed::is_being_made) return {removed == DumpPlace::Removed::yes};
    within.sleep(kLook, "waiting for the end of dump " + request.id + ", which is being made");
  }
}

void Dumps::end() noexcept {
  const std::lock_guard lock(mutex_);
  places_.clear();
}

}  // namespace ms2m::node
