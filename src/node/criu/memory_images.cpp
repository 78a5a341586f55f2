#include "node/criu/memory_images.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kLargestMap = 64u << 20;

}  // namespace

std::string image_file(const TarEntry& entry) {
  constexpr std::string_view kImages = "checkpoint/";
  return entry.name.starts_with(kImages) ? entry.name.substr(kImages.size()) : "";
}

bool MemoryImages::begin(const std::string& file) {
  file_ = file;
  held_.clear();
  digests_ = nullptr;
  if (const auto id = pages_id_of(file)) digests_ = &pages_[*id];
  return digests_ || is_pagemap(file);
}

void MemoryImages::feed(std::string_view bytes) {
  if (!digests_) {
    if (held_.size() + bytes.size() <= kLargestMap)
      held_ += bytes;
    else
      unknown_ = true;
    return;
  }
  while (!bytes.empty()) {
    if (held_.empty() && bytes.size() >= kPageSize) {
      digests_->push_back(posix::Sha256::bytes_of(bytes.substr(0, kPageSize)));
      bytes.remove_prefix(kPageSize);
      continue;
    }
    const std::size_t part = std::min<std::size_t>(bytes.size(), kPageSize - held_.size());
    held_ += bytes.substr(0, part);
    bytes.remove_prefix(part);
    if (held_.size() < kPageSize) return;
    digests_->push_back(posix::Sha256::bytes_of(held_));
    held_.clear();
  }
}

void MemoryImages::end() {
  if (digests_) {
    unknown_ = unknown_ || !held_.empty();
    return;
  }
  if (auto map = parse_pagemap(held_))
    maps_[file_] = std::move(*map);
  else
    unknown_ = true;
}

std::optional<Memory> MemoryImages::memory(const Memory* under) {
  return unknown_ ? std::nullopt : Memory::of(maps_, std::move(pages_), under);
}

}  // namespace ms2m::node
