// A container that its own runtime dumps: a stand-in for that, which does to the container's control group what CRIU
// does, and a process on an overlay.
#pragma once
#include <sys/stat.h>

#include "control_groups.hpp"

namespace ms2m::test {

/// At its end it freezes again what was frozen when it began. Waits for the file `go` when there is one called `wait`.
/// Told to by CRIU's settings, it keeps two pages back, says that it is ready, and gives one page however many it is
/// asked for; what it was told lies in `settings`.
inline constexpr const char* kRuntime = R"(#!/bin/bash
here=$(dirname "$0")
echo "$@" >"$here/asked"
while [ $# -gt 0 ]; do
  case $1 in --image-path) images=$2;; --work-path) work=$2;; esac
  shift
done
cat "$here/group/cgroup.freeze" "$here/group/freezer.state" 2>/dev/null >"$here/state"
while [ -e "$here/wait" ] && [ ! -e "$here/go" ]; do sleep 0.01; done
[ ! -e "$here/group/cgroup.freeze" ] || echo 1 >"$here/group/cgroup.freeze"
[ ! -e "$here/group/freezer.state" ] || echo FROZEN >"$here/group/freezer.state"
if [ -e "$here/fails" ]; then
  printf 'Error (a): the cause\nWarn\nError (b): Dumping FAILED.\n' >"$work/dump.log"
  echo 'crun: it failed' >&2
  exit 1
fi
echo inventory >"$images/inventory.img"
head -c 3000000 /dev/zero >"$images/pages-1.img"
printf '\012\015freezer.state\022\006FROZEN' >"$images/cgroup.img"
settings=$here/../../../etc/criu/crun.conf
pages=$(sed -n 's/^ps-socket //p' "$settings" 2>/dev/null)
[ -n "$pages" ] || exit 0
cp "$settings" "$here/settings"
ready=$(sed -n 's/^status-fd //p' "$settings")
printf '\x19\x43\x56\x54\x25\x40\x08\x56\x02\0\0\0\x08\x01\x0b\0\0\0\x08\x80\x80\x80\x02\x10\x00\x20\x02\x28\x02' >"$images/pagemap-1.img"
printf x >&$ready
while [ $(head -c 32 <&$pages | tee "$here/frame" | wc -c) = 32 ]; do
  [ ! -e "$here/serves-not" ] || { echo 'Error (c): it was asked for nonsense' >"$work/dump.log"; exit 1; }
  { printf '\x06\0\x04\0\0\0\0\0\x01\0\0\0\0\0\0\0'; tail -c 16 "$here/frame"; head -c 4096 /dev/zero | tr '\0' p; } >&$pages
done
[ ! -e "$here/group/cgroup.freeze" ] || echo 1 >"$here/group/cgroup.freeze"
)";

/// Needs root. `at` is the directory of its runtime's program, crun; `state` that of what it keeps of containers;
/// `inner` what it calls a group of its own below that of the container.
class DumpedContainer {
 public:
  DumpedContainer(std::string at, const std::string& state, const std::string& inner = "")
      : runtime(std::move(at)),
        container(trees.found.front(), "crio-" + kId + ".scope", inner, overlay()),
        group(trees.found.front() / ("crio-" + kId + ".scope") / inner) {
    put(program(), kRuntime);
    REQUIRE(::chmod(program().c_str(), 0755) == 0);
    fs::create_directory_symlink(group, runtime + "/group");
    const std::string first = content(files_.path() / "pid");
    put(state + "/" + kId + "/status", R"({"pid": )" + first.substr(0, first.find('\n')) +
                                           R"(, "cgroup-path": "/kubepods.slice/crio-)" + kId + ".scope/" + inner +
                                           "\"}");
  }
  std::string program() const { return runtime + "/crun"; }
  void go() const { put(runtime + "/go", ""); }
  bool frozen() const {
    return content(group / "cgroup.freeze") == "1\n" || content(group / "freezer.state") == "FROZEN\n";
  }

  Trees trees;

 private:
  posix::TempDir files_{"ms2m-dumped-", "/dev/shm"};  // an overlay's upper directory is on no other overlay

 public:
  const std::string runtime;
  Container container;
  const fs::path group;

 private:
  /// A process on it beside the one that counts, which waits until that is there.
  std::string overlay() const {
    const std::string at = files_.path().string();
    for (const char* each : {"upper", "work", "merged"}) fs::create_directories(files_.path() / each);
    return "unshare -m sh -c 'mount -t overlay -o lowerdir=/,upperdir=" + at + "/upper,workdir=" + at +
           "/work overlay " + at + "/merged && echo changed >" + at + "/merged/changed && echo $$ >" + at +
           "/pid && exec chroot " + at + "/merged sleep 1000' & until read own <" + at +
           "/pid && read name </proc/$own/comm && [ $name = sleep ]; do sleep 0.01; done 2>/dev/null;";
  }
};

/// What CRI-O starts beside a container, by its command line.
class MonitorOf {
 public:
  MonitorOf(const std::string& id, const std::string& runtime, const std::string& state) : pid_(::fork()) {
    const std::string root = "--root=" + state;
    if (pid_ != 0) return;
    ::execlp("sh", "/usr/bin/conmon", "-c", "kill -STOP $$", id.c_str(), "-r", runtime.c_str(), "--runtime-arg",
             root.c_str(), nullptr);
    ::_exit(127);
  }
  ~MonitorOf() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  /// Its command line is what it is to be.
  bool there() const {
    return content("/proc/" + std::to_string(pid_) + "/cmdline").find("conmon") != std::string::npos;
  }
  MonitorOf(const MonitorOf&) = delete;
  MonitorOf& operator=(const MonitorOf&) = delete;

 private:
  const pid_t pid_;
};

}  // namespace ms2m::test
