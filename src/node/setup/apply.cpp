#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "node/setup/setup.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kFresh = ".ms2m-new";

void check(bool well, const std::string& doing) {
  if (!well) posix::throw_errno(doing);
}

void sync_directory_of(const std::string& file) { posix::sync_directory(file.substr(0, file.rfind('/'))); }

/// A name beside `file`, free.
std::string fresh_beside(const std::string& file) {
  std::string fresh = file + kFresh;
  check(::unlink(fresh.c_str()) == 0 || errno == ENOENT, "removing " + fresh);
  return fresh;
}

void rename_over(const std::string& fresh, const std::string& file) {
  check(::rename(fresh.c_str(), file.c_str()) == 0, "renaming " + fresh);
  sync_directory_of(file);
}

/// Mode and owner are those of the file that it takes the place of.
void write(const std::string& file, std::string_view bytes, mode_t mode) {
  posix::NewFile as{mode, {}, kFresh};
  struct ::stat is {};
  if (::lstat(file.c_str(), &is) == 0) {
    as.mode = is.st_mode & 07777;
    as.owner = {is.st_uid, is.st_gid};
  }
  fresh_beside(file);  // what an earlier one has left is nobody's
  posix::write_file_atomically(file, bytes, as);
}

void remove(const std::string& file) {
  check(::unlink(file.c_str()) == 0 || errno == ENOENT, "removing " + file);
  sync_directory_of(file);
}

void change_program(const SetupPlace& place, const SetupFile& file) {
  const std::string path = place.system + file.path, earlier = place.system + kEarlierProgram;
  if (!file.after) return remove(path);
  if (file.path == kEarlierProgram)
    check(::link((place.system + kProgramPath).c_str(), path.c_str()) == 0, "keeping the earlier program");
  else if (*file.after == place.build)
    write(path, posix::read_file("/proc/self/exe"), 0755);
  else
    rename_over(earlier, path);
}

void change(const SetupPlace& place, const SetupFile& file) {
  const std::string path = place.system + file.path;
  switch (file.kind) {
    case SetupKind::program:
      return change_program(place, file);
    case SetupKind::text:
      return file.after ? write(path, *file.after, 0644) : remove(path);
    case SetupKind::link: {
      if (!file.after) return remove(path);
      const std::string fresh = fresh_beside(path);
      check(::symlink(file.after->c_str(), fresh.c_str()) == 0, "making " + fresh);
      return rename_over(fresh, path);
    }
    case SetupKind::directory:
      if (!file.after) {
        check(::rmdir(path.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY, "removing " + path);
        return;  // what others have put there stays
      }
      check(::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST, "making " + path);
      check(::chmod(path.c_str(), 0755) == 0, "setting the mode of " + path);
      return sync_directory_of(path);
  }
}

}  // namespace

void apply_setup(const SetupPlace& place, SetupWay way, const std::vector<SetupFile>& shown, const StopToken& stop) {
  std::vector<SetupFile> now;
  for (const SetupFile& file : look_at_setup(place, way, stop).files)
    if (file.changes()) now.push_back(file);
  if (now != shown)
    throw Error(ErrorKind::conflict, "node " + place.node + ": the files there have changed since they were looked at",
                "the same command again shows what is to be done now");
  for (const SetupFile& file : now) {
    stop.check("setting up node " + place.node);
    change(place, file);
  }
}

}  // namespace ms2m::node
