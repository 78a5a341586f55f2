#include "runtime/runtime.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/files.hpp"

namespace kubelet {
namespace {

constexpr char kCheckpointAnnotation[] = "io.kubernetes.cri-o.annotations.checkpoint.name";

}  // namespace

CrunCall::CrunCall() {
  if (::pipe2(pipes_.out, O_CLOEXEC) != 0 || ::pipe2(pipes_.err, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2 failed");
}

CrunCall::~CrunCall() {
  for (const int fd : {pipes_.out[0], pipes_.out[1], pipes_.err[0], pipes_.err[1]}) {
    if (fd >= 0) ::close(fd);
  }
}

std::string CrunCall::drain() {
  std::string text;
  for (const int fd : {pipes_.err[0], pipes_.out[0]}) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    char buffer[65536];
    for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

int CrunCall::run(std::vector<std::string> arguments, const fs::path& pid_file, const std::string& reason,
                  const std::string& before) {
  ProcessSpec spec;
  spec.argv = {"crun", "--root", "/run/crun"};
  for (auto& argument : arguments) spec.argv.push_back(std::move(argument));
  spec.stdout_fd = pipes_.out[1];
  spec.stderr_fd = pipes_.err[1];
  const ProcessResult result = run_process(spec);
  if (!result.ok()) throw ContainerError(reason, before + drain() + result.err);
  ::close(pipes_.out[1]);
  ::close(pipes_.err[1]);
  pipes_.out[1] = pipes_.err[1] = -1;
  return std::stoi(read_file(pid_file).value_or("-1"));
}

bool Runtime::is_checkpoint(const Image& image) { return !image.annotation(kCheckpointAnnotation).empty(); }

std::shared_ptr<Container> Runtime::run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                        std::function<void()> on_exit) {
  try {
    return is_checkpoint(plan.image) ? restore(plan, on_created, std::move(on_exit))
                                     : start(plan, on_created, std::move(on_exit));
  } catch (const ContainerError&) {
    throw;
  } catch (const std::exception& error) {
    throw ContainerError("CreateContainerError", error.what());
  }
}

std::shared_ptr<Container> Runtime::make(const ContainerPlan& plan, const Image& base) const {
  ContainerPlan own = plan;
  own.image = base;
  auto container = std::make_shared<Container>(std::move(own), random_hex(64), images_.root(), cgroups_);
  container->make_rootfs(images_.lower_dirs(base));
  return container;
}

SpecPlace Runtime::place_of(const Container& container) const {
  SpecPlace place;
  place.id = container.id();
  place.cgroup = container.cgroup();
  place.rootfs = container.rootfs();
  place.limits = cgroups_.has_controller("memory") && cgroups_.has_controller("cpu");
  return place;
}

void Runtime::limit(const Container& container, int pid) const {
  const Resources& wanted = container.plan().resources;
  if (!place_of(container).limits) cgroups_.limit(container.cgroup(), pid, wanted.memory_bytes, wanted.cpu_quota_us);
}

std::shared_ptr<Container> Runtime::start(const ContainerPlan& plan, const std::function<void()>& on_created,
                                          std::function<void()> on_exit) {
  auto container = make(plan, plan.image);
  container->set_user(user_of(plan, container->rootfs()));
  write_file(container->bundle() / "config.json", make_spec(container->plan(), place_of(*container)).dump());
  CrunCall crun;
  const fs::path pid_file = container->bundle() / "pidfile";
  const int pid = crun.run({"create", "--bundle", container->bundle(), "--pid-file", pid_file, container->id()},
                           pid_file, "CreateContainerError", "container create failed: ");
  limit(*container, pid);
  on_created();
  container->attach(pid, crun.pipes(), false, std::move(on_exit));
  const ProcessResult started = run_process({"crun", "--root", "/run/crun", "start", container->id()});
  if (!started.ok())
    throw ContainerError("RunContainerError", "failed to start container " + container->id() + ": " + started.err);
  return container;
}

ProcessResult Runtime::exec(const Container& container, const std::vector<std::string>& argv,
                            std::chrono::milliseconds timeout) const {
  ProcessSpec spec;
  spec.argv = {"crun", "--root", "/run/crun", "exec", container.id()};
  spec.argv.insert(spec.argv.end(), argv.begin(), argv.end());
  spec.timeout = timeout;
  return run_process(spec);
}

void Runtime::clean_up() {
  const auto listed = run_process({"crun", "--root", "/run/crun", "list", "-q"});
  for (const auto& id : split(listed.out, '\n')) run_process({"crun", "--root", "/run/crun", "delete", "--force", id});
  const fs::path containers = images_.root() / "overlay-containers";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(containers, error)) {
    // 64 digits and a "merged" of ours: Podman's own containers have none.
    if (entry.path().filename().string().size() != 64 || !fs::exists(entry.path() / "merged")) continue;
    unmount_below(entry.path());
    remove_tree(entry.path());
    remove_tree(fs::path("/run/containers/storage/overlay-containers") / entry.path().filename());
  }
  for (const char* dir : {"/run/ms2m-lab/pods", "/var/lib/kubelet/pods"}) {
    unmount_below(dir);
    remove_tree(dir);
  }
  cgroups_.kill("/kubepods");
  cgroups_.remove("/kubepods");
}

}  // namespace kubelet
