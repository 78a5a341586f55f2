#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "image/store.hpp"
#include "runtime/sandbox.hpp"

namespace kubelet {

struct Mount {
  std::string destination;
  std::string source;
  bool read_only = false;
};

struct Resources {
  long memory_bytes = 0;  // 0: no limit
  long cpu_quota_us = 0;  // per 100 ms
  long cpu_shares = 2;
  int oom_score_adj = 1000;
};

// What a container is to be made of.
struct ContainerPlan {
  Json pod;
  Json container;  // its entry in the spec
  Image image;
  const Sandbox* sandbox = nullptr;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<Mount> mounts;  // the kubelet's: volumes, /etc/hosts, /dev/termination-log
  Resources resources;
  int restart_count = 0;
  std::filesystem::path log_path;
};

// A container that could not be made or run: a waiting reason and its message.
struct ContainerError : std::runtime_error {
  ContainerError(std::string why, const std::string& message) : std::runtime_error(message), reason(std::move(why)) {}
  std::string reason;     // CreateContainerError, RunContainerError, CreateContainerConfigError
  std::string container;  // its full ID, where its runtime says of what it could not start that it has ended
};

}  // namespace kubelet
