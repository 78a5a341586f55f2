#include "crio/network.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <sstream>
#include <string>

#include <stdexcept>

#include "base/files.hpp"
#include "base/process.hpp"

namespace kubelet {
namespace {

constexpr char kBridge[] = "cni0";

/// As the CNI's bridge plugin gives it. A bridge without one takes its ports' lowest: whenever a pod comes or goes,
/// what the others send to the old one is lost until they ask again.
std::string hardware_address(const std::string& prefix) {
  std::istringstream octets(prefix);
  std::string address = "0a:58";
  for (std::string octet; std::getline(octets, octet, '.');) address += fmt::format(":{:02x}", std::stoi(octet));
  return address + ":01";
}

}  // namespace

Network::Network(const std::string& pod_cidr) : prefix_(pod_cidr.substr(0, pod_cidr.rfind('.') + 1)) {
  if (!pod_cidr.ends_with(".0/24")) throw std::runtime_error("--pod-cidr: expected a /24 such as 198.18.11.0/24");
  remove();  // of a kubelet that was here before
  const auto result = run_process({"ip", "-batch", "-"}, fmt::format("link add {0} address {2} type bridge\n"
                                                                     "addr add {1}1/24 dev {0}\nlink set {0} up\n",
                                                                     kBridge, prefix_, hardware_address(prefix_)));
  if (!result.ok()) throw std::runtime_error("cannot make the pod bridge: " + result.err);
  try_write("/proc/sys/net/ipv4/ip_forward", "1");
}

void Network::remove() const { run_process({"ip", "link", "del", kBridge}); }

std::string Network::take_address() {
  const std::lock_guard lock(mutex_);
  for (int tries = 0; tries < 253; ++tries) {
    const int host = next_;
    next_ = next_ == 254 ? 2 : next_ + 1;  // an address that was just given back is taken last
    if (used_.insert(host).second) return prefix_ + std::to_string(host);
  }
  throw std::runtime_error("no free address in the pod range " + prefix_ + "0/24");
}

void Network::give_back(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (address.starts_with(prefix_)) used_.erase(std::stoi(address.substr(prefix_.size())));
}

std::string Network::inside_commands(const std::string& address, const std::string& link) const {
  return fmt::format(
      "link set lo up\nlink add eth0 type veth peer name {} netns {}\naddr add {}/24 dev eth0\n"
      "link set eth0 up\nroute add default via {}1\n",
      link, ::getpid(), address, prefix_);
}

void Network::plug(const std::string& link) const {
  const auto result = run_process({"ip", "link", "set", link, "master", kBridge, "up"});
  if (!result.ok()) throw std::runtime_error("cannot plug " + link + " into the bridge: " + trimmed(result.err));
}

void Network::unplug(const std::string& link) const noexcept {
  try {
    run_process({"ip", "link", "del", link});
  } catch (...) {
  }
}

}  // namespace kubelet
