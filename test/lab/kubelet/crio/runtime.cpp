#include "crio/runtime.hpp"

#include "base/files.hpp"
#include "crio/checkpoint.hpp"

namespace kubelet {
namespace {

constexpr char kCheckpointAnnotation[] = "io.kubernetes.cri-o.annotations.checkpoint.name";

bool is_checkpoint(const Image& image) { return !image.annotation(kCheckpointAnnotation).empty(); }

}  // namespace

std::unique_ptr<Sandbox> CrioRuntime::make_sandbox(const Json& pod, const std::string& qos,
                                                   const std::string& handler) {
  return std::make_unique<CrioSandbox>(pod, node_ip_, qos, network_, cgroups_, handlers_.find(handler));
}

std::shared_ptr<Container> CrioRuntime::run(const ContainerPlan& plan, const std::function<void()>& on_created,
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

int CrioRuntime::pid_of(const CrioContainer& container) {
  return std::stoi(read_file(container.bundle() / "pidfile").value_or("-1"));
}

std::shared_ptr<CrioContainer> CrioRuntime::make(const ContainerPlan& plan, const Image& base) const {
  ContainerPlan own = plan;
  own.image = base;
  auto container = std::make_shared<CrioContainer>(std::move(own), random_hex(64), images_.root(), cgroups_);
  container->make_rootfs(images_.lower_dirs(base));
  return container;
}

SpecPlace CrioRuntime::place_of(const CrioContainer& container) const {
  SpecPlace place;
  place.id = container.id();
  place.cgroup = container.cgroup();
  place.rootfs = container.rootfs();
  place.sandbox = &container.sandbox();
  place.limits = cgroups_.has_controller("memory") && cgroups_.has_controller("cpu");
  return place;
}

void CrioRuntime::limit(const CrioContainer& container, int pid) const {
  const Resources& wanted = container.plan().resources;
  if (!place_of(container).limits) cgroups_.limit(container.cgroup(), pid, wanted.memory_bytes, wanted.cpu_quota_us);
}

std::shared_ptr<Container> CrioRuntime::start(const ContainerPlan& plan, const std::function<void()>& on_created,
                                              std::function<void()> on_exit) {
  auto container = make(plan, plan.image);
  container->set_user(user_of(plan, container->rootfs()));
  write_file(container->bundle() / "config.json", make_spec(container->plan(), place_of(*container)).dump());
  const auto call = std::make_shared<CrunCall>(container->oci());
  const long patience = faults_.number("create_patience_ms");
  creates_.run(container, call, patience > 0 ? std::chrono::milliseconds(patience) : limit_);
  const int pid = pid_of(*container);
  limit(*container, pid);
  // What was dumped of a frozen container is frozen again, whoever restored it.
  cgroups_.thaw(container->cgroup());
  on_created();
  container->attach(pid, call->pipes(), false, std::move(on_exit));
  begin(*container);
  return container;
}

// CRI-O starts nothing but what is created.
void CrioRuntime::begin(const CrioContainer& container) const {
  const auto told = run_process(container.oci().call({"state", container.id()}));
  const Json state = Json::parse(told.out, nullptr, false);
  const std::string status = told.ok() ? string_at(state, "status") : told.err;
  if (status != "created")
    throw ContainerError("RunContainerError", "container " + container.id() + " is not in created state: " + status);
  const auto started = run_process(container.oci().call({"start", container.id()}));
  if (!started.ok())
    throw ContainerError("RunContainerError", "failed to start container " + container.id() + ": " + started.err);
}

void CrioRuntime::restart() {
  handlers_.restart();
  creates_.give_up();
}

ProcessResult CrioRuntime::exec(const Container& container, const std::vector<std::string>& argv,
                                std::chrono::milliseconds timeout) const {
  ProcessSpec spec;
  spec.argv = dynamic_cast<const CrioContainer&>(container).oci().call({"exec", container.id()});
  spec.argv.insert(spec.argv.end(), argv.begin(), argv.end());
  spec.timeout = timeout;
  return run_process(spec);
}

void CrioRuntime::checkpoint(Container& container, const fs::path& target, std::chrono::milliseconds) {
  try {
    checkpoint_container(dynamic_cast<CrioContainer&>(container), target, cgroups_, faults_);
  } catch (const std::exception& error) {
    throw CheckpointError(std::string("rpc error: code = Unknown desc = ") + error.what());
  }
}

void CrioRuntime::clean_up() {
  const OciRuntime crun = handlers_.find("");
  for (const auto& id : split(run_process(crun.call({"list", "-q"})).out, '\n'))
    run_process(crun.call({"delete", "--force", id}));
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
