#include "node/handler/create.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ms2m/node.hpp"
#include "node/handler/changes.hpp"
#include "node/handler/guarded.hpp"
#include "node/handler/gunzip.hpp"
#include "node/handler/not_started.hpp"
#include "node/handler/real_runtime.hpp"
#include "node/handler/wait_for_restore.hpp"
#include "node/restore/mounts.hpp"
#include "node/runtime/containerd.hpp"
#include "node/runtime/criu_log.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kUndo{20};

std::string work_directory(const RestorePlace& place) {
  const std::string path = place.path() + "/work";
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) posix::throw_errno(path);
  return path;
}

/// What the runtime may be asked to do at a restore: an option that it has not would be lost without a word.
std::vector<std::string> restore_arguments(OciKind kind, const CommandLine& line, const Bundle& bundle,
                                           const RestorePlace& place) {
  if (!line.unknown.empty() || line.option("preserve-fds"))
    throw Error(ErrorKind::refused, "create has the option " +
                                        (line.unknown.empty() ? "--preserve-fds" : line.unknown.front()) +
                                        ", of which it is not known what it is at a restore");
  std::vector<std::string> arguments{"restore",      "--detach",
                                     "--bundle",     line.option("bundle").value_or("."),
                                     "--image-path", place.path() + "/checkpoint",
                                     "--work-path",  work_directory(place)};
  for (const char* name : {"pid-file", "console-socket"})
    if (const auto value = line.option(name)) arguments.insert(arguments.end(), {std::string("--") + name, *value});
  if (kind == OciKind::runc && line.option("no-pivot")) arguments.push_back("--no-pivot");
  // As CRI-O does when it restores.
  if (!bundle.process_label.empty()) arguments.push_back("--lsm-profile=selinux:" + bundle.process_label);
  if (!bundle.mount_label.empty()) arguments.push_back("--lsm-mount-context=" + bundle.mount_label);
  arguments.push_back(line.id());
  return arguments;
}

void put_changes(const RestorePlace& place, const std::string& root) {
  const posix::UniqueFd archive = open_file_in(place.directory(), "rootfs-diff.tar");
  const posix::UniqueFd deleted = open_file_in(place.directory(), "deleted.files");
  if (!archive && !deleted) return;
  const posix::UniqueFd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) posix::throw_errno("the bundle's root file system " + root);
  if (archive)
    apply_changes(directory.get(), plain([&](char* into, std::size_t size) {
                    ssize_t got = -1;
                    do got = ::read(archive.get(), into, size);
                    while (got < 0 && errno == EINTR);
                    if (got < 0) posix::throw_errno("reading the changed files");
                    return static_cast<std::size_t>(got);
                  }));
  if (deleted) apply_deletions(directory.get(), read_text(place.path() + "/deleted.files").value_or(""));
}

/// Where the runtime mounts the root file system for CRIU, and leaves it when it is killed: crun in the bundle, runc
/// where it keeps its state.
std::vector<std::string> roots_for_criu(const HandlerConfiguration& configuration, const CommandLine& line) {
  std::vector<std::string> all{line.option("bundle").value_or(".") + "/criu-root"};
  const auto given = line.global.find("root");
  const std::string root =
      configuration.root.empty() && given != line.global.end() ? given->second : configuration.root;
  if (!root.empty()) all.push_back(root + "/" + line.id() + "/criu-root");
  return all;
}

/// Removes what the real runtime knows of the container, and whatever of it should run.
std::function<void()> removal(const HandlerConfiguration& configuration, const CommandLine& line,
                              const RestorePlace& place) {
  return [argv = runtime_argv(configuration, line, {"delete", "--force", line.id()}),
          roots = roots_for_criu(configuration, line), work = place.path()] {
    for (const std::string& root : roots)
      if (::umount2(root.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) ::rmdir(root.c_str());
    posix::RunSpec spec;
    spec.process.argv = argv;
    spec.process.in = posix::ProcessSpec::Stream::null;
    posix::run_process(spec, StopToken().within(kUndo), "removing what was restored");
    detach_mounts_below(work);
  };
}

/// For whoever watches; the caller is told anyway.
void note_failure(RestorePlace& place, const std::string& why) noexcept {
  try {
    place.change([&](Record& record) { record.failure = why; });
  } catch (const std::exception&) {  // it was removed meanwhile
  }
}

/// containerd's bundles do not tell their image; it is asked only where the answer counts.
Asking whose(const Bundle& bundle, const RestorePlace& place, const std::string& container) {
  Asking asking = bundle.asking;
  if (asking.image_id.empty() && place.status().state == RestoreState::prepared)
    asking.image_id = image_of_containerd("", container, StopToken());
  return asking;
}

void check_not_taken_back(const RestorePlace& place) {
  const auto record = place.read();
  if (!record || record->state != RestoreState::taken)
    throw Error(ErrorKind::refused, "restore " + place.id() + " was taken back");
}

int restore(const HandlerPaths& paths, const HandlerConfiguration& configuration, const CommandLine& line,
            const Bundle& bundle, RestorePlace& place, const Underway& underway) {
  const auto arguments = restore_arguments(configuration.kind, line, bundle, place);
  put_changes(place, bundle.root);
  check_not_taken_back(place);  // that may have taken its time
  Guarded guarded(runtime_argv(configuration, line, arguments), underway.fd(), removal(configuration, line, place));
  const posix::ExitStatus status = guarded.wait();
  if (!status.ok()) {
    const std::string errors = last_errors_of_criu(read_text(place.path() + "/work/restore.log").value_or(""));
    note_failure(place, "the runtime's restore ended with " + status.text() + (errors.empty() ? "" : ": " + errors));
    return as_exit_code(status);
  }
  const NotStarted not_started(paths.started);
  not_started.add(line.id(), place.id());
  try {
    // Refused when it was taken back meanwhile: then the guard ends what runs.
    place.change([&](Record& record) { record.state = RestoreState::restored; });
    guarded.release();
  } catch (...) {
    not_started.remove(line.id());
    throw;
  }
  return 0;
}

}  // namespace

int create(const HandlerPaths& paths, const HandlerConfiguration& configuration, const CommandLine& line,
           const Bundle& bundle) {
  auto place = RestorePlace::open(paths.restores, bundle.id);
  if (!place) throw Error(ErrorKind::refused, "restore " + bundle.id + " " + decide(std::nullopt, {}, 0).why);
  if (bare_container_id(line.id()) != line.id() || line.operands.size() != 1)
    throw Error(ErrorKind::refused, "create of '" + line.id() + "', which is no kubelet's container");
  const auto underway = wait_for_restore(*place, whose(bundle, *place, line.id()), line.id());
  if (!underway) become(configuration, line);
  try {
    return restore(paths, configuration, line, bundle, *place, *underway);
  } catch (const Error& error) {
    note_failure(*place, error.what());
    throw;
  }
}

}  // namespace ms2m::node
