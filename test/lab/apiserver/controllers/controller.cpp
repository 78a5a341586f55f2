#include "controllers/controller.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

namespace ms2m::lab {

namespace {
constexpr std::chrono::milliseconds kRetry{300};
}

std::optional<Clock::time_point> Controller::next_due() const {
  std::optional<Clock::time_point> first;
  for (const auto& [key, due] : due_)
    if (!first || due < *first) first = due;
  return first;
}

void Controller::run_due(Clock::time_point now) {
  std::vector<WorkKey> keys;
  for (const auto& [key, due] : due_)
    if (due <= now) keys.push_back(key);
  for (const WorkKey& key : keys) {
    due_.erase(key);
    try {
      sync(key);
    } catch (const std::exception& error) {
      std::cerr << "controller: " << key.first << "/" << key.second << ": " << error.what() << std::endl;
      enqueue(key, kRetry);
    }
  }
}

void Controller::enqueue(const WorkKey& key, std::chrono::milliseconds delay) {
  const auto due = Clock::now() + delay;
  auto [where, added] = due_.emplace(key, due);
  if (!added) where->second = std::min(where->second, due);
}

void Controller::enqueue_all(const ResourceType& type, const std::string& space) {
  for (const ObjectPtr& object : store_.list(type, space).items) enqueue({namespace_of(*object), name_of(*object)});
}

}  // namespace ms2m::lab
