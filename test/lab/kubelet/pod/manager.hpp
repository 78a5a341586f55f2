#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "pod/worker.hpp"

namespace kubelet {

// All pods of the node: follows the API with list and watch, and gives every worker its relist once a second.
class PodManager {
 public:
  explicit PodManager(NodeParts& parts);
  // Starts following; returns at once.
  void start();
  // Stops all containers (`grace_seconds` at most) and removes everything of theirs. Blocks.
  void shut_down(long grace_seconds);

  std::shared_ptr<PodWorker> find(const std::string& ns, const std::string& name) const;
  Json pod_list() const;

 private:
  void follow(std::stop_token stop);
  std::string list();  // the resource version to watch from; empty when the list failed
  void on_event(const Json& event, std::string& version);
  void apply(const Json& pod);
  void drop(const std::string& uid, const Json& pod);
  void relist(std::stop_token stop);

  NodeParts& parts_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<PodWorker>> workers_;  // by uid
  bool ending_ = false;
  std::jthread relister_;
  std::jthread follower_;
};

}  // namespace kubelet
