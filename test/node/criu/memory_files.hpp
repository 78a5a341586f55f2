// Memory of processes as CRIU's image files tell it, in a checkpoint's archive.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "node/criu/pagemap.hpp"
#include "node/tar/writer.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

using node::kPageSize;
using node::Pagemap;
using node::PageRange;

using Pages = std::map<std::uint64_t, std::string>;  // by address
using Files = std::map<std::string, std::string>;

inline std::string page(const std::string& seed) {
  std::string bytes;
  while (bytes.size() < kPageSize) bytes += seed + "|";
  return bytes.substr(0, kPageSize);
}

/// Two files of an image directory.
inline void put_memory(Files& files, const std::string& of, std::uint32_t id, const Pages& pages) {
  Pagemap map{id, {}};
  std::string content;
  for (const auto& [address, bytes] : pages) {
    const bool goes_on =
        !map.ranges.empty() && map.ranges.back().address + map.ranges.back().pages * kPageSize == address;
    if (!goes_on) map.ranges.push_back({address, 0, false, 4u, true});
    ++map.ranges.back().pages;
    content += bytes;
  }
  files["checkpoint/pagemap-" + of + ".img"] = node::print_pagemap(map);
  files["checkpoint/pages-" + std::to_string(id) + ".img"] = content;
}

inline std::string archive_of_files(const Files& files) {
  std::string tar;
  for (const auto& [name, content] : files) {
    node::TarEntry entry;
    entry.name = name;
    entry.mode = 0600;
    entry.size = content.size();
    tar += node::tar_header(entry) + content + node::tar_padding(content.size());
  }
  return tar + node::tar_end();
}

/// As CRIU reads it: its own pages, and those of its parent.
inline Pages pages_of(const Files& files, const std::string& of, const Pages& parent) {
  const auto map = node::parse_pagemap(files.at("checkpoint/pagemap-" + of + ".img"));
  REQUIRE(map);
  const std::string& content = files.at("checkpoint/pages-" + std::to_string(map->pages_id) + ".img");
  Pages pages;
  std::size_t at = 0;
  for (const PageRange& range : map->ranges)
    for (std::uint64_t i = 0; i < range.pages; ++i) {
      const std::uint64_t address = range.address + i * kPageSize;
      pages[address] = range.in_parent ? parent.at(address) : content.substr(at, kPageSize);
      if (!range.in_parent) at += kPageSize;
    }
  REQUIRE(at == content.size());
  return pages;
}

}  // namespace ms2m::test
