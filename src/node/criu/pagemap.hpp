// CRIU's pagemap images: which pages of a memory lie where. Source: criu/images/pagemap.proto, criu/pagemap.c.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms2m::node {

inline constexpr std::uint64_t kPageSize = 4096;

/// Pages that follow one another, in memory and in the pages file.
struct PageRange {
  std::uint64_t address = 0;
  std::uint64_t pages = 0;
  bool in_parent = false;  ///< they lie in the image directory's parent, and not in the pages file
  std::optional<std::uint32_t> flags{};
  bool wide = false;  ///< the number of pages is field 5 (CRIU 4.2), not 2
};

/// One "pagemap-<N>.img" or "pagemap-shmem-<N>.img".
struct Pagemap {
  std::uint32_t pages_id = 0;  ///< of the file "pages-<id>.img", in which the ranges' pages follow one another
  std::vector<PageRange> ranges;
};

/// nullopt: there is something in it that is not understood, or not in the order in which CRIU writes it (rising
/// addresses). Such a one is to be carried as it is, and nothing concluded from it.
std::optional<Pagemap> parse_pagemap(std::string_view image);
/// Those of its pages that are in no image: of a dump with lazy pages, they are for CRIU's page server to give.
/// nullopt: not understood; a pagemap that has some is nothing for parse_pagemap().
std::optional<std::vector<PageRange>> pages_kept_back(std::string_view image);
/// Of "pagemap-17.img" 17, a process' number; nullopt: it is no process' pagemap.
std::optional<std::uint32_t> process_of(std::string_view file);
/// What parse_pagemap() reads, as CRIU writes it.
std::string print_pagemap(const Pagemap& map);

/// "pagemap-17.img"; and "pages-3.img" has the ID 3.
bool is_pagemap(std::string_view file);
std::optional<std::uint32_t> pages_id_of(std::string_view file);

}  // namespace ms2m::node
