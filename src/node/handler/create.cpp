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
#include "node/handler/lazy_restore.hpp"
#include "node/handler/not_started.hpp"
#include "node/handler/paged_restore.hpp"
#include "node/handler/real_runtime.hpp"
#include "node/handler/wait_for_restore.hpp"
#include "node/restore/mounts.hpp"
#include "node/restore/page_socket.hpp"
#include "node/runtime/containerd.hpp"
#include "node/runtime/criu_log.hpp"
#include "node/runtime/criu_settings.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/paths.hpp"
#include "wrap/posix/files.hpp"
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

Record not_taken_back(const RestorePlace& place) {
  auto record = place.read();
  if (!record || record->state != RestoreState::taken)
    throw Error(ErrorKind::refused, "restore " + place.id() + " was taken back");
  return std::move(*record);
}

/// Pages that were kept back come from the node program while the runtime restores. `pages`: its socket.
PagedRestore paged(const HandlerPaths& paths, OciKind kind, const CommandLine& line, const RestorePlace& place,
                   const std::vector<std::string>& runtime, int pages, bool lazy) {
  PagedRestore restore;
  restore.runtime = runtime;
  restore.images = place.path() + "/checkpoint";
  restore.work = work_directory(place);
  for (const OciRuntime& oci : oci_runtimes())
    if (oci.name == (kind == OciKind::crun ? "crun" : "runc")) restore.criu_file = paths.system + oci.criu_file;
  restore.own_file = place.path() + "/criu.conf";
  posix::write_file_atomically(restore.own_file, criu_settings_with(restore.criu_file, {"lazy-pages"}));
  restore.pid_file = line.option("pid-file").value_or("");
  if (lazy && restore.pid_file.empty())
    throw Error(ErrorKind::refused, "create without --pid-file, of a copy that runs before its memory is there");
  restore.pages = pages;
  return restore;
}

/// With what CRIU has written last of why.
std::string with_errors(const RestorePlace& place, const std::string& what, const std::string& log) {
  const std::string said = last_errors_of_criu(read_text(place.path() + "/work/" + log).value_or(""));
  return said.empty() ? what : what + ": " + said;
}

std::string pages_missing(const RestorePlace& place) {
  return with_errors(place, "the pages of memory did not all come", kPagesLog);
}

std::string why_it_failed(const RestorePlace& place, const posix::ExitStatus& status) {
  if (status.code == kPagesMissing) return pages_missing(place);
  return with_errors(place, "the runtime's restore ended with " + status.text(), "restore.log");
}

/// For whoever waits for the last page.
void note_end(RestorePlace& place, LastPage last) {
  place.change([&](Record& record) {
    if (record.state != RestoreState::taken && record.state != RestoreState::restored) return;
    record.complete = last == LastPage::came;
    if (last == LastPage::missing) record.failure = pages_missing(place);
    if (last == LastPage::copy_ended) record.failure = "the copy ended before the last page of its memory had come";
  });
}

int restore(const HandlerPaths& paths, const HandlerConfiguration& configuration, const CommandLine& line,
            const Bundle& bundle, RestorePlace& place, const Underway& underway) {
  const auto arguments = restore_arguments(configuration.kind, line, bundle, place);
  put_changes(place, bundle.root);
  const Record taken = not_taken_back(place);  // that may have taken its time
  const auto argv = runtime_argv(configuration, line, arguments);
  std::function<int()> program = [&] { return exec_runtime(argv); };
  posix::UniqueFd pages;
  if (taken.pages) {
    pages = enter_for_pages(place.directory());
    const auto what = paged(paths, configuration.kind, line, place, argv, pages.get(), taken.lazy);
    program = [what] { return restore_with_pages(what); };
    if (taken.lazy)
      program = [lazy = LazyRestore{what, {underway.fd(), place.directory()}, [&](LastPage last) {
                                      note_end(place, last);
                                    }}] { return restore_lazily(lazy); };
  }
  Guarded guarded(program, underway.fd(), removal(configuration, line, place));
  pages.reset();
  const posix::ExitStatus status = guarded.wait();
  if (!status.ok()) {
    note_failure(place, why_it_failed(place, status));
    return as_exit_code(status);
  }
  const NotStarted not_started(paths.started);
  not_started.add(line.id(), place.id());
  try {
    // Refused when it was taken back meanwhile: then the guard ends what runs.
    place.change([&](Record& record) {
      if (record.lazy && !record.failure.empty()) throw Error(ErrorKind::failed, record.failure);
      record.state = RestoreState::restored;
    });
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
