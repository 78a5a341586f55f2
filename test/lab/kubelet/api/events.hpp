#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "api/client.hpp"

namespace kubelet {

// Posts Events about pods in the background; the same one again raises its count, as the real recorder does.
class EventRecorder {
 public:
  EventRecorder(ApiClient& api, std::string node);
  // container: name of the container that it is about, or empty.
  void record(const Json& pod, const std::string& type, const std::string& reason, const std::string& message,
              const std::string& container = "");

 private:
  struct Item {
    Json event;
    std::string key;
  };
  void run(std::stop_token stop);
  void send(Item item);

  ApiClient& api_;
  std::string node_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Item> queue_;
  std::map<std::string, Json> sent_;  // by key; only the thread uses it
  std::jthread thread_;
};

}  // namespace kubelet
