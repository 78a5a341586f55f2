// Runs every controller in one thread, woken by the store.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "controllers/controller.hpp"

namespace ms2m::lab {

class ControllerManager {
 public:
  explicit ControllerManager(Store& store);
  ~ControllerManager();  // ends with the store's stop_waiting()

  void start();

 private:
  void run();
  void observe_everything();

  Store& store_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::thread thread_;
};

}  // namespace ms2m::lab
