#include "node/program/dumps.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "ms2m/error.hpp"
#include "node/criu/pagemap.hpp"
#include "node/dump/changed_files.hpp"
#include "node/dump/control_group_image.hpp"
#include "node/dump/dump_archive.hpp"
#include "node/program/checkpointing.hpp"
#include "node/program/network_lock.hpp"
#include "node/program/oci_container.hpp"
#include "node/program/page_source.hpp"
#include "node/program/sending.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/criu_log.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

constexpr std::uint64_t kMostServed = 3600 * 1000;  // ms
constexpr std::chrono::seconds kMending{20};
constexpr std::chrono::minutes kOthers{2};
constexpr Millis kLook{100};  // nobody is told that a dump has ended

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

void make_directories(const DumpPlace& place) {
  for (const char* each : {kDumpImages, "work"})
    if (::mkdirat(place.directory(), each, 0700) != 0) posix::throw_errno(place.path());
}

void checkpoint(const OciContainer& container, const std::string& id, const DumpPlace& place, Containers& containers,
                const std::string& node, const StopToken& stop) {
  make_directories(place);
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

struct KeptBack {
  PageSet pages;
  Bytes size;
};

KeptBack kept_back(const DumpPlace& place) {
  const posix::UniqueFd images = open_directory_in(place.directory(), kDumpImages);
  KeptBack all;
  for (const std::string& name : names_in(images.get())) {
    const auto process = process_of(name);
    if (!process) continue;
    const auto ranges = pages_kept_back(read_text(place.path() + "/" + kDumpImages + "/" + name).value_or(""));
    if (!ranges) throw Error(ErrorKind::refused, "the dump's " + name + " is not understood");
    for (const PageRange& range : *ranges) {
      all.pages.add({*process, range.address, range.pages});
      all.size.count += range.pages * kPageSize;
    }
  }
  return all;
}

}  // namespace

DumpAnswer Dumps::take(const DumpContainer& request, const std::string& node, const StopToken& stop) {
  check_restore_id(request.id);
  const std::string id = check_container_id(request.container);
  const auto container = find_oci_container(roots_, id);
  if (!container) throw Error(ErrorKind::not_found, "no OCI runtime of this node runs container " + id.substr(0, 12));
  const auto place = std::make_shared<DumpPlace>(roots_.layouts, request.id);
  if (request.serve_ms) return take_served(request, *container, id, place, node, stop);
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
  places_[request.id] = {place};
  return answer;
}

DumpAnswer Dumps::take_served(const DumpContainer& request, const OciContainer& container, const std::string& id,
                              const std::shared_ptr<DumpPlace>& place, const std::string& node, const StopToken& stop) {
  make_directories(*place);
  const auto served = std::make_shared<ServedDump>(
      std::make_unique<Standing>(containers_, id, container.group, stop),
      ServedDump::What{checkpoint_argv(container, *place, id), container.criu, place->path() + "/criu.conf",
                       container.init, Millis(std::min(*request.serve_ms, kMostServed)), request.id},
      guard_);
  add(served);
  DumpAnswer answer;
  KeptBack kept;
  try {
    if (!served->begin([&](pid_t group) { containers_.end_after(id, group); }, stop)) {
      const Checkpointed done = served->end();
      stop.check("checkpointing container " + id.substr(0, 12));
      throw failure(*place, done, node);
    }
    thaw_in_images(*place);
    gather_changes(container, *place, node, stop);
    kept = kept_back(*place);
    answer = {served->milliseconds(), DumpArchive(place->directory()).size(), kept.size};
  } catch (...) {
    served->end();
    throw;
  }
  place->complete();
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      places_[request.id] = {place, served, std::move(kept.pages)};
      return answer;
    }
  }
  served->end();
  throw Cancelled();
}

/// From now on close() closes it, too.
void Dumps::add(const std::shared_ptr<ServedDump>& served) {
  const std::lock_guard lock(mutex_);
  std::erase_if(served_, [](const auto& each) { return each.expired(); });
  served_.push_back(served);
  if (closed_) served->close();
}

Dumps::Kept Dumps::find(const std::string& id) {
  const auto found = places_.find(id);
  if (found == places_.end()) throw Error(ErrorKind::not_found, "this session has no dump " + id);
  return found->second;
}

PagesEnd Dumps::serve(const ServePages& request, const std::string& node, Channel& channel) {
  Kept kept;
  {
    const std::lock_guard lock(mutex_);
    kept = find(request.id);
    if (!kept.served) throw Error(ErrorKind::not_found, "no pages of dump " + request.id + " were kept back");
    if (std::exchange(places_[request.id].fetched, true))
      throw Error(ErrorKind::conflict, "the pages of dump " + request.id + " are fetched once");
  }
  channel.progress(StreamProgress{});
  PagesEnd answer;
  try {
    answer.bytes = give_pages(kept.served->socket(), std::move(kept.pages), request.lazy, channel);
  } catch (...) {
    kept.served->end();
    throw;
  }
  if (const Checkpointed done = kept.served->end(); !done.status.ok()) throw failure(*kept.place, done, node);
  return answer;
}

StreamEnd Dumps::read(const ReadDump& request, KeptMemory& kept, Channel& channel) {
  Kept kept_dump;
  {
    const std::lock_guard lock(mutex_);
    kept_dump = find(request.id);
  }
  const DumpArchive archive(kept_dump.place->directory());
  if (request.round != Round::none)
    return send_round([&] { return archive.reader(); }, request.round, request.id, kept, channel);
  return send_whole(archive.reader(), archive.size(), "dump " + request.id, channel);
}

Found Dumps::remove(const RemoveDump& request, const StopToken& stop) {
  check_restore_id(request.id);
  Kept own;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(request.id); found != places_.end()) {
      own = std::move(found->second);
      places_.erase(found);
    }
  }
  if (own.served) own.served->end();
  const StopToken within = stop.within(kOthers);
  for (;;) {
    const auto removed = DumpPlace::remove(roots_.layouts, request.id);
    if (removed != DumpPlace::Removed::is_being_made) return {removed == DumpPlace::Removed::yes};
    within.sleep(kLook, "waiting for the end of dump " + request.id + ", which is being made");
  }
}

void Dumps::close() noexcept {
  std::vector<std::shared_ptr<ServedDump>> whole;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& each : served_)
      if (const auto served = each.lock()) served->close();
    for (const auto& [id, each] : places_)
      if (each.served) whole.push_back(each.served);
  }
  for (const auto& each : whole) try {
      each->end();
    } catch (const std::exception&) {  // the guard sees to the container
    }
}

void Dumps::end() noexcept {
  const std::lock_guard lock(mutex_);
  places_.clear();
}

}  // namespace ms2m::node
