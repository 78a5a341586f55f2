#pragma once
#include <filesystem>
#include <mutex>
#include <set>
#include <string>

namespace kubelet {

// The node's end of the pod network: one bridge, a veth pair per pod, addresses from the node's pod range.
class Network {
 public:
  explicit Network(const std::string& pod_cidr);  // a /24; makes the bridge when it is missing
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  void remove() const;  // the bridge

  std::string take_address();
  void give_back(const std::string& address);
  // Commands for `ip -batch` inside the new network namespace; the peer appears in this process's namespace.
  std::string inside_commands(const std::string& address, const std::string& link) const;
  void plug(const std::string& link) const;  // the peer goes to the bridge; throws
  void unplug(const std::string& link) const noexcept;

 private:
  std::string prefix_;  // 198.18.11.
  std::mutex mutex_;
  std::set<int> used_;
  int next_ = 2;
};

}  // namespace kubelet
