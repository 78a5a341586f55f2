#include "engine/depth_log.hpp"

#include <algorithm>
#include <utility>

namespace ms2m {
namespace {

constexpr std::size_t kMost = 100;

}  // namespace

void DepthLog::begin(TimePoint begin, std::vector<std::string> queues) {
  const std::lock_guard lock(mutex_);
  begin_ = begin;
  queues_.clear();
  for (std::string& name : queues) queues_[std::move(name)];
}

void DepthLog::heard(const std::string& name, std::uint64_t ready, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(name);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  queue.last = {now - begin_, name, ready};
  if (!queue.kept.empty() && queue.last.at - queue.kept.back().at < queue.every) return;
  queue.kept.push_back(queue.last);
  if (queue.kept.size() < kMost) return;
  std::vector<DepthSample> fewer;
  for (std::size_t n = 0; n < queue.kept.size(); n += 2) fewer.push_back(std::move(queue.kept[n]));
  queue.kept = std::move(fewer);
  queue.every *= 2;
}

std::vector<DepthSample> DepthLog::end() {
  const std::lock_guard lock(mutex_);
  std::vector<DepthSample> all;
  for (auto& [name, queue] : queues_) {
    if (queue.kept.empty()) continue;
    if (queue.last.at > queue.kept.back().at) queue.kept.push_back(queue.last);
    all.insert(all.end(), queue.kept.begin(), queue.kept.end());
  }
  queues_.clear();
  std::stable_sort(all.begin(), all.end(), [](const DepthSample& a, const DepthSample& b) { return a.at < b.at; });
  return all;
}

}  // namespace ms2m
