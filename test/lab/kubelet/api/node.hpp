#pragma once
#include <string>
#include <thread>

#include "api/client.hpp"
#include "runtime/runtime.hpp"

namespace kubelet {

// Registers the Node and keeps its status and its Lease fresh, every ten seconds.
class NodeReporter {
 public:
  NodeReporter(ApiClient& api, const Runtime& runtime, std::string name, std::string ip, std::string pod_cidr);
  void start();

 private:
  void run(std::stop_token stop);
  bool register_node();
  Json status() const;
  bool beat();
  void renew_lease();

  ApiClient& api_;
  const Runtime& runtime_;
  std::string name_, ip_, pod_cidr_, started_;
  std::jthread thread_;
};

}  // namespace kubelet
