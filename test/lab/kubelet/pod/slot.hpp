#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "image/pull.hpp"
#include "pod/backoff.hpp"
#include "pod/prober.hpp"
#include "runtime/container.hpp"

namespace kubelet {

enum class Role { kInit, kSidecar, kApp };  // a sidecar is an init container with restartPolicy Always

// One container of a pod's spec, and what became of it so far.
struct Slot {
  Json spec;
  Role role = Role::kApp;
  std::shared_ptr<Container> container;  // the last one that was made
  std::optional<Json> last_terminated;   // lastState.terminated
  bool never_ran() const { return last_terminated && string_at(*last_terminated, "reason") == "StartError"; }
  std::string waiting_reason = "ContainerCreating";
  std::string waiting_message;
  int restart_count = 0;
  int log_number = 0;  // of the next log file
  std::atomic<bool> ready{false};
  std::atomic<bool> started{false};
  std::string image_name;  // for the status, when it is known
  Backoff crash, pull;
  SteadyTime pull_failed{};
  bool half_made_before = false;  // the last try failed with a container made
  PullError pull_error;
  std::unique_ptr<Prober> prober;

  std::string name() const { return string_at(spec, "name"); }
  bool running() const { return container && container->pid() > 0 && !container->exit(); }
  bool exited() const { return container && container->pid() > 0 && container->exit(); }
};

}  // namespace kubelet
