#include "node/restore/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "ms2m/error.hpp"
#include "node/protocol/checks.hpp"
#include "node/restore/mounts.hpp"
#include "node/restore/state.hpp"
#include "node/restore/waiting.hpp"
#include "wrap/posix/directory_lock.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::node {
namespace {

namespace fs = std::filesystem;
using posix::UniqueFd;

constexpr const char* kRecord = "record";
constexpr const char* kFresh = "record.new";  // write_file_atomically()'s
constexpr Millis kSweepWaits{100};            // for a lock; who has it longer is at it, or was stopped

bool is_restore_id(const std::string& name) {
  try {
    check_restore_id(name);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Of this start of the machine.
std::string boot_id() {
  const std::string id = posix::read_file("/proc/sys/kernel/random/boot_id");
  return id.substr(0, id.find('\n'));
}

/// No record names a pod that the kubelet still has.
bool pod_has_gone(const Record& record) {
  std::error_code ignored;
  if (record.uid.empty()) return true;
  const fs::path pods = fs::path(record.kubelet_root) / "pods";
  if (!fs::is_directory(pods, ignored)) return false;  // cannot be told
  return fs::status(pods / record.uid, ignored).type() == fs::file_type::not_found;
}

/// Under its lock. Of another version's nobody here knows what it would begin.
void begin_no_more(const RestorePlace& place) {
  const std::string file = place.path() + "/" + kRecord;
  try {
    auto record = place.read();
    if (!record || record->state != RestoreState::prepared) return;
    record->state = RestoreState::voided;
    posix::write_file_atomically(file, print_record(*record));
  } catch (const Error&) {
    ::unlink(file.c_str());
  }
}

bool has_ended(const Record& record) {
  if (record.state != RestoreState::prepared) return true;
  return record.expires <= static_cast<std::uint64_t>(std::time(nullptr));
}

}  // namespace

std::optional<RestorePlace> RestorePlace::open(const std::string& root, const std::string& id) {
  check_restore_id(id);
  const std::string path = root + "/" + id;
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return std::nullopt;
  struct ::stat is {};
  if (!directory || ::fstat(directory.get(), &is) != 0) posix::throw_errno(path);
  if (is.st_uid != ::geteuid() || (is.st_mode & 077) != 0)
    throw Error(ErrorKind::refused, path + " can be written or read by others", "make it mode 0700 and root's");
  return RestorePlace(id, path, std::move(directory));
}

std::optional<Record> RestorePlace::read() const {
  std::string text;
  try {
    text = posix::read_file(path_ + "/" + kRecord);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) return std::nullopt;
    throw;
  }
  try {
    Record record = parse_record(text);
    if (record.id != id_) throw Error(ErrorKind::protocol, "it is that of " + record.id);
    if (record.state == RestoreState::prepared && record.boot != boot_id()) {
      record.state = RestoreState::voided;
      record.failure = "the node was started anew after it was prepared";
    }
    return record;
  } catch (Error& error) {
    throw error.in("the record of restore " + id_);
  }
}

RestoreStatus RestorePlace::status() const {
  const auto record = read();
  if (!record) return {};
  RestoreStatus status;
  status.state = record->state;
  status.uid = record->uid;
  status.ready = record->ready;
  status.waiting = Waiting::somebody(directory());
  status.container_id = record->container_id;
  status.started = record->started;
  status.failure = record->failure;
  status.memory_comes = record->memory_comes();
  if (record->state == RestoreState::prepared && has_ended(*record)) {
    status.state = RestoreState::voided;
    status.failure = "it was not used in its time";
  }
  return status;
}

Record RestorePlace::change(const std::function<void(Record&)>& edit) {
  const posix::DirectoryLock lock(directory(), "the restore");
  const auto before = read();
  if (!before) throw Error(ErrorKind::not_found, "restore " + id_ + " is not known on this node");
  Record after = *before;
  edit(after);
  if (!may_become(before->state, after.state))
    throw Error(ErrorKind::conflict,
                "restore " + id_ + " is " + to_string(before->state) + " and cannot become " + to_string(after.state));
  if (after != *before) posix::write_file_atomically(path_ + "/" + kRecord, print_record(after));
  return after;
}

bool RestorePlace::remove_data() {
  detach_mounts_below(path_);
  bool some = false;
  for (const auto& each : fs::directory_iterator(path_))
    if (each.path().filename() != kRecord && each.path().filename() != kFresh) some |= fs::remove_all(each.path()) > 0;
  return some;
}

void RestoreStore::prepare(Record record) const {
  check_restore_id(record.id);
  posix::make_private_directories(root_ + "/" + record.id);
  const auto place = RestorePlace::open(root_, record.id);
  if (!place) throw Error(ErrorKind::failed, root_ + "/" + record.id + " is no directory");
  const posix::DirectoryLock lock(place->directory(), "the restore");
  if (const auto there = place->read()) {
    if (there->target != record.target)
      throw Error(ErrorKind::conflict, "there is another restore " + record.id + " on this node");
    const RestoreStatus status = place->status();
    if (status.state != RestoreState::voided) return;
    throw Error(ErrorKind::conflict, "restore " + record.id + " was taken back or is over" +
                                         (status.failure.empty() ? "" : " (" + status.failure + ")") +
                                         ", and one that is to come has an ID of its own");
  }
  record.boot = boot_id();
  posix::write_file_atomically(place->path() + "/" + kRecord, print_record(record));
}

std::vector<std::string> RestoreStore::ids() const {
  std::vector<std::string> all;
  std::error_code none;
  for (const auto& each : fs::directory_iterator(root_, none)) {
    const std::string name = each.path().filename().string();
    if (is_restore_id(name) && fs::is_regular_file(fs::symlink_status(each.path() / kRecord, none)))
      all.push_back(name);
  }
  std::sort(all.begin(), all.end());
  return all;
}

bool RestoreStore::remove(const std::string& id, Millis limit) const {
  auto place = RestorePlace::open(root_, id);
  if (!place) return false;
  const posix::DirectoryLock lock(place->directory(), "the restore", limit);
  begin_no_more(*place);
  place->remove_data();  // before the record, by which it is found should this end in between
  return fs::remove_all(place->path()) > 0;
}

Swept RestoreStore::sweep() const {
  Swept swept;
  for (const std::string& id : ids()) {
    std::optional<Record> record;
    try {
      const auto place = RestorePlace::open(root_, id);
      record = place ? place->read() : std::nullopt;
    } catch (const Error&) {  // another version's, or others may write it: whoever made it knows when it goes
    }
    if (!record || !has_ended(*record) || !pod_has_gone(*record)) continue;
    try {
      if (remove(id, kSweepWaits)) swept.ids.push_back(id);
    } catch (const std::exception& error) {
      swept.failures.push_back("restore " + id + ": " + error.what());
    }
  }
  return swept;
}

}  // namespace ms2m::node
