#include "crio/sandbox.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

#include "base/files.hpp"
#include "base/process.hpp"

namespace kubelet {
namespace {

std::string resolv_conf(const Json& spec) {
  if (string_at(spec, "dnsPolicy") != "None") return read_file("/etc/resolv.conf").value_or("");
  const Json& dns = at_or_null(spec, "dnsConfig");
  std::string text, search;
  for (const Json& server : list_at(dns, "nameservers")) text += "nameserver " + server.get<std::string>() + "\n";
  for (const Json& domain : list_at(dns, "searches")) search += " " + domain.get<std::string>();
  return search.empty() ? text : text + "search" + search + "\n";
}

}  // namespace

CrioSandbox::CrioSandbox(const Json& pod, const std::string& node_ip, const std::string& qos, Network& network,
                         Cgroups& cgroups, OciRuntime oci)
    : Sandbox(pod, qos), network_(network), cgroups_(cgroups), oci_(std::move(oci)) {
  const std::string uid = string_at(at_or_null(pod, "metadata"), "uid");
  dir_ = fs::path("/run/ms2m-lab/pods") / uid;
  link_ = "veth" + random_hex(8);
  try {
    ip_ = host_network() ? node_ip : network_.take_address();
    make_files(pod);
    make_dirs(Cgroups::path(cgroup()));
    make_namespaces();
    if (!host_network()) network_.plug(link_);
  } catch (...) {
    undo();
    throw;
  }
}

CrioSandbox::~CrioSandbox() { undo(); }

void CrioSandbox::make_files(const Json& pod) {
  make_dirs(dir_ / "shm");
  mount_tmpfs(dir_ / "shm", "mode=1777,size=65536k");
  write_file(dir_ / "hostname", hostname() + "\n");
  write_file(dir_ / "resolv.conf", resolv_conf(at_or_null(pod, "spec")));
  for (const char* name : {"net", "uts", "ipc"}) write_file(dir_ / name, "");
}

// In a thread that ends afterwards: the namespaces stay, held by the bind mounts.
void CrioSandbox::make_namespaces() {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      const int flags = CLONE_NEWIPC | (host_network() ? 0 : CLONE_NEWUTS | CLONE_NEWNET);
      if (::unshare(flags) != 0) throw std::runtime_error(std::string("unshare: ") + std::strerror(errno));
      bind_mount("/proc/thread-self/ns/ipc", dir_ / "ipc");
      if (host_network()) return;
      ::sethostname(hostname().c_str(), hostname().size());
      bind_mount("/proc/thread-self/ns/uts", dir_ / "uts");
      bind_mount("/proc/thread-self/ns/net", dir_ / "net");
      const auto result = run_process({"ip", "-batch", "-"}, network_.inside_commands(ip_, link_));
      if (!result.ok()) throw std::runtime_error("setting up the pod's network: " + trimmed(result.err));
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void CrioSandbox::undo() noexcept {
  try {
    if (!host_network()) network_.unplug(link_);
    unmount_below(dir_);
    remove_tree(dir_);
    cgroups_.remove(cgroup());
    if (!host_network()) network_.give_back(ip_);
  } catch (...) {
  }
}

}  // namespace kubelet
