// Restoring a container from a checkpoint image, as CRI-O does.
#include <set>

#include "base/files.hpp"
#include "crio/runtime.hpp"
#include "image/prefer.hpp"

namespace kubelet {
namespace {

// What the checkpoint says about the container that it was taken of.
struct Dump {
  fs::path dir;
  Json config;  // config.dump
  Json spec;    // spec.dump
};

Dump read_dump(const fs::path& dir) {
  const auto parse = [&](const char* name) {
    const auto text = read_file(dir / name);
    if (!text)
      throw ContainerError("CreateContainerError", "failed to read \"" + std::string(name) + "\": open " +
                                                       (dir / name).string() + ": no such file or directory");
    Json json = Json::parse(*text, nullptr, false);
    if (json.is_discarded())
      throw ContainerError("CreateContainerError", "failed to unmarshal " + (dir / name).string());
    return json;
  };
  return {dir, parse("config.dump"), parse("spec.dump")};
}

std::set<std::string> needed_mounts(const Dump& dump, const ContainerPlan& plan, const std::string& id) {
  std::set<std::string> defined, wanted;
  for (const Mount& mount : plan.mounts) defined.insert(mount.destination);
  std::string missing;
  for (const Json& mount : list_at(dump.spec, "mounts")) {
    const std::string destination = string_at(mount, "destination");
    if (own_mount_points().contains(destination)) continue;
    wanted.insert(destination);
    if (!defined.contains(destination)) missing += (missing.empty() ? "" : ",") + destination;
  }
  if (!missing.empty()) {
    throw ContainerError("CreateContainerError",
                         "restoring \"" + id + "\" expects following bind mounts defined (" + missing + ")");
  }
  return wanted;
}

int restart_count(const Dump& dump) {
  const std::string text = string_at(at_or_null(dump.spec, "annotations"), "io.kubernetes.container.restartCount", "0");
  return std::atoi(text.c_str());
}

void apply_root_fs_diff(const Dump& dump, const CrioContainer& container) {
  if (fs::exists(dump.dir / "rootfs-diff.tar")) {
    const auto result = run_process({"tar", "-C", container.rootfs(), "-xpf", dump.dir / "rootfs-diff.tar"});
    if (!result.ok())
      throw ContainerError("CreateContainerError", "failed to apply root file-system diff file: " + result.err);
  }
  const auto deleted = read_file(dump.dir / "deleted.files");
  if (!deleted) return;
  for (const Json& path : Json::parse(*deleted, nullptr, false)) {
    if (path.is_string()) remove_tree(container.rootfs() / path.get<std::string>());
  }
}

// The log of the copy begins with that of the source.
void copy_log(const Dump& dump, const fs::path& to) {
  if (const auto text = read_file(dump.dir / "io.kubernetes.cri-o.LogPath")) write_file(to, *text, 0600);
}

}  // namespace

std::shared_ptr<Container> CrioRuntime::restore(const ContainerPlan& plan, const std::function<void()>& on_created,
                                                std::function<void()> on_exit) {
  const Dump dump = read_dump(images_.layer_dir(plan.image));
  const std::string base_id = string_at(dump.config, "rootfsImageRef");
  const auto base = images_.by_id(base_id);
  if (!base) {
    throw ContainerError("CreateContainerError", "reading image \"" + base_id + "\": locating image with ID \"" +
                                                     base_id + "\": image not known");
  }
  ContainerPlan own = plan;
  own.restart_count = restart_count(dump);
  auto container = make(own, prefer_name(*base, string_at(dump.config, "rootfsImageName")));
  SpecPlace place = place_of(*container);
  place.only_destinations = needed_mounts(dump, plan, container->id());
  apply_root_fs_diff(dump, *container);
  container->set_user(user_of(container->plan(), container->rootfs()));
  write_file(container->bundle() / "config.json", make_spec(container->plan(), place).dump());
  copy_log(dump, plan.log_path);
  on_created();

  const std::string before = "failed to restore container " + container->id() + ": container restore failed: ";
  if (const std::string fault = faults_.text("restore_fail"); !fault.empty())
    throw ContainerError("RunContainerError", before + fault);
  CrunCall call(container->oci());
  ProcessSpec spec = call.spec({"restore", "--detach", "--file-locks", "--image-path", dump.dir / "checkpoint",
                                "--work-path", container->bundle(), "--bundle", container->bundle(), "--pid-file",
                                container->bundle() / "pidfile", container->id()});
  // A CRIU that hangs: the kubelet gives it up, and lets the pod go then.
  spec.timeout = limit_;
  const ProcessResult result = run_process(spec);
  if (result.timed_out) {
    container->remove();
    throw ContainerError("RunContainerError", "context deadline exceeded");
  }
  call.check(result, "RunContainerError", before);
  const int pid = pid_of(*container);
  // The dump was taken of a frozen container, and CRIU restores that too.
  limit(*container, pid);
  cgroups_.thaw(container->cgroup());
  container->attach(pid, call.pipes(), true, std::move(on_exit));
  return container;
}

}  // namespace kubelet
