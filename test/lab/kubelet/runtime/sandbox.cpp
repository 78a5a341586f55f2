#include "runtime/sandbox.hpp"

#include <unistd.h>

namespace kubelet {
namespace {

std::string pod_cgroup(const std::string& qos, const std::string& uid) {
  if (qos == "Guaranteed") return "/kubepods/pod" + uid;
  return (qos == "Burstable" ? "/kubepods/burstable/pod" : "/kubepods/besteffort/pod") + uid;
}

std::string node_hostname() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

Sandbox::Sandbox(const Json& pod, const std::string& qos)
    : host_network_(bool_at(at_or_null(pod, "spec"), "hostNetwork", false)) {
  const Json& meta = at_or_null(pod, "metadata");
  hostname_ = host_network_ ? node_hostname() : string_at(at_or_null(pod, "spec"), "hostname", string_at(meta, "name"));
  if (hostname_.size() > 63) hostname_.resize(63);
  cgroup_ = pod_cgroup(qos, string_at(meta, "uid"));
}

}  // namespace kubelet
