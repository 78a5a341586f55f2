#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/runtime.hpp"

namespace kubelet {

// Runs the probes of one running container in a thread of its own, until it is destroyed.
class Prober {
 public:
  struct Callbacks {
    std::function<void(bool)> ready;                            // a readiness probe changed its mind
    std::function<void()> started;                              // the startup probe succeeded
    std::function<void(const std::string& why)> dead;           // liveness or startup probe failed for good
    std::function<void(const std::string& message)> unhealthy;  // for the event
  };
  // `anchor`: when the pod came; the periods are counted from there, but the first probe of a container is made at
  // once.
  Prober(std::shared_ptr<Container> container, std::string pod_ip, SteadyTime anchor, Runtime& runtime,
         Callbacks callbacks);
  static bool needed(const Json& container);

 private:
  struct Probe {
    Json spec;
    const char* name;
    int successes = 0;
    int failures = 0;
    bool good = false;
    SteadyTime next;
  };
  void run(std::stop_token stop);
  bool attempt(Probe& probe, std::string& output) const;
  // True when the probe's state changed.
  bool step(Probe& probe);
  void act(Probe& probe, bool changed);
  SteadyTime next_tick(const Probe& probe) const;

  std::shared_ptr<Container> container_;
  std::string pod_ip_;
  SteadyTime anchor_;
  Runtime& runtime_;
  Callbacks callbacks_;
  Probe readiness_, liveness_, startup_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace kubelet
