// What all controllers are: they watch, note which of their objects may need work, and do it a moment later.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "store.hpp"

namespace ms2m::lab {

using Clock = std::chrono::steady_clock;

// Namespace and name; what exactly they name is the controller's business.
using WorkKey = std::pair<std::string, std::string>;

class Controller {
 public:
  explicit Controller(Store& store) : store_(store) {}
  virtual ~Controller() = default;
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Called for every change, and once for every object at the start.
  virtual void observe(const Event& event) = 0;

  std::optional<Clock::time_point> next_due() const;
  // Does what is due. What sync() throws is logged and tried again.
  void run_due(Clock::time_point now);

 protected:
  // Level-triggered: looks at the store as it is now. Called by one thread only.
  virtual void sync(const WorkKey& key) = 0;

  // About the time that a real controller takes to see a change through its cache.
  static constexpr std::chrono::milliseconds kReaction{10};
  void enqueue(const WorkKey& key, std::chrono::milliseconds delay = kReaction);
  void enqueue_all(const ResourceType& type, const std::string& space);

  Store& store_;

 private:
  std::map<WorkKey, Clock::time_point> due_;
};

}  // namespace ms2m::lab
