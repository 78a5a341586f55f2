#include "api/node.hpp"

#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <chrono>

#include "base/clock.hpp"
#include "base/files.hpp"

namespace kubelet {
namespace {

std::string memory_ki() {
  const std::string text = read_file("/proc/meminfo").value_or("MemTotal: 0 kB");
  return text.substr(9, text.find(" kB") - 9).substr(text.substr(9).find_first_not_of(' ')) + "Ki";
}

std::string disk_ki() {
  struct statvfs info {};
  ::statvfs("/var/lib/kubelet", &info);
  return std::to_string(info.f_blocks * (info.f_frsize / 1024)) + "Ki";
}

std::string os_image() {
  for (const auto& line : split(read_file("/etc/os-release").value_or(""), '\n')) {
    if (line.starts_with("PRETTY_NAME=")) return line.substr(13, line.size() - 14);
  }
  return "Linux";
}

Json condition(const char* type, bool value, const char* reason, const char* message, const std::string& since) {
  return {{"type", type},
          {"status", value ? "True" : "False"},
          {"lastHeartbeatTime", rfc3339(wall_now())},
          {"lastTransitionTime", since},
          {"reason", reason},
          {"message", message}};
}

std::string machine_arch() {
  utsname names{};
  ::uname(&names);
  const std::string machine = names.machine;
  return machine == "aarch64" ? "arm64" : "amd64";
}

}  // namespace

NodeReporter::NodeReporter(ApiClient& api, const Runtime& runtime, std::string name, std::string ip,
                           std::string pod_cidr)
    : api_(api),
      runtime_(runtime),
      name_(std::move(name)),
      ip_(std::move(ip)),
      pod_cidr_(std::move(pod_cidr)),
      started_(rfc3339(wall_now())) {}

void NodeReporter::start() {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void NodeReporter::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const bool known = beat() || (register_node() && beat());
    if (known) renew_lease();
    for (int i = 0; i < (known ? 100 : 5) && !stop.stop_requested(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

bool NodeReporter::register_node() {
  const Json labels = {{"beta.kubernetes.io/arch", machine_arch()},
                       {"beta.kubernetes.io/os", "linux"},
                       {"kubernetes.io/arch", machine_arch()},
                       {"kubernetes.io/hostname", name_},
                       {"kubernetes.io/os", "linux"}};
  const Json node = {{"kind", "Node"},
                     {"apiVersion", "v1"},
                     {"metadata",
                      {{"name", name_},
                       {"labels", labels},
                       {"annotations", {{"volumes.kubernetes.io/controller-managed-attach-detach", "true"}}}}},
                     {"spec", {{"podCIDR", pod_cidr_}, {"podCIDRs", {pod_cidr_}}}},
                     {"status", status()}};
  const ApiReply reply = api_.post("/api/v1/nodes", node);
  if (!reply.ok() && reply.status != 409)
    log_line("registering the node: status " + std::to_string(reply.status) + " " + reply.body.substr(0, 300));
  return reply.ok() || reply.status == 409;
}

Json NodeReporter::status() const {
  utsname names{};
  ::uname(&names);
  const Json amounts = {{"cpu", std::to_string(std::thread::hardware_concurrency())},
                        {"ephemeral-storage", disk_ki()},
                        {"hugepages-1Gi", "0"},
                        {"hugepages-2Mi", "0"},
                        {"memory", memory_ki()},
                        {"pods", "110"}};
  const std::string machine = trimmed(read_file("/etc/machine-id").value_or(name_));
  return {
      {"capacity", amounts},
      {"allocatable", amounts},
      {"conditions",
       {condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
                  started_),
        condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", started_),
        condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", started_),
        condition("Ready", true, "KubeletReady", "kubelet is posting ready status", started_)}},
      {"addresses", {{{"type", "InternalIP"}, {"address", ip_}}, {{"type", "Hostname"}, {"address", name_}}}},
      {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", 10250}}}}},
      {"nodeInfo",
       {{"machineID", machine},
        {"systemUUID", machine},
        {"bootID", trimmed(read_file("/proc/sys/kernel/random/boot_id").value_or(""))},
        {"kernelVersion", names.release},
        {"osImage", os_image()},
        {"containerRuntimeVersion", runtime_.version()},
        {"kubeletVersion", "v1.36.2"},
        {"kubeProxyVersion", ""},
        {"operatingSystem", "linux"},
        {"architecture", machine_arch()}}},
      {"images", runtime_.image_summary()}};
}

bool NodeReporter::beat() { return api_.patch("/api/v1/nodes/" + name_ + "/status", {{"status", status()}}).ok(); }

void NodeReporter::renew_lease() {
  const std::string base = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const std::string now = rfc3339_nano(wall_now());
  const Json spec = {{"holderIdentity", name_}, {"leaseDurationSeconds", 40}, {"renewTime", now.substr(0, 26) + "Z"}};
  if (api_.patch(base + "/" + name_, {{"spec", spec}}).status != 404) return;
  api_.post(base, {{"kind", "Lease"},
                   {"apiVersion", "coordination.k8s.io/v1"},
                   {"metadata", {{"name", name_}, {"namespace", "kube-node-lease"}}},
                   {"spec", spec}});
}

}  // namespace kubelet
