#pragma once
#include <string>

#include "base/json.hpp"

namespace kubelet {

// What the containers of a pod share. Everything goes with the object.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  bool host_network() const { return host_network_; }
  const std::string& ip() const { return ip_; }
  const std::string& hostname() const { return hostname_; }
  const std::string& cgroup() const { return cgroup_; }  // the pod's

 protected:
  Sandbox(const Json& pod, const std::string& qos);
  std::string ip_;

 private:
  bool host_network_;
  std::string hostname_, cgroup_;
};

}  // namespace kubelet
