// What CRIU's page server and its client say to each other (criu/page-xfer.c, of 4.2, on a 64-bit machine), and sets of
// pages. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ms2m::node {

/// Pages that follow one another in the memory of a process, which is named by its number in the images.
struct PageRun {
  std::uint64_t process = 0, address = 0, pages = 0;
  friend bool operator==(const PageRun&, const PageRun&) = default;
};

/// One struct page_server_iov. In the answer to `get` that many pages follow, as many as were asked for or less.
struct PageFrame {
  static constexpr std::size_t kSize = 32;
  static constexpr std::uint32_t kGet = 7, kPages = 0x40006, kClose = 0x1023, kForcedClose = 0x1024;
  /// Ours, between the programs of two nodes: `get`, unless it is on its way already.
  static constexpr std::uint32_t kWanted = 0x7007;
  std::uint32_t command = 0;
  PageRun run;
};
std::string print_frame(const PageFrame& frame);
/// Of kSize bytes.
PageFrame parse_frame(std::string_view bytes);

/// A set of pages.
class PageSet {
 public:
  void add(const PageRun& run);
  void remove(const PageRun& run);
  /// Any of them is in it.
  bool meets(const PageRun& run) const;
  /// As much of it as follows `run.address` immediately, up to run.pages; 0 pages: nothing.
  PageRun leading(const PageRun& run) const;
  /// The first of those behind `behind`, or else of all; at most so many. nullopt: it is empty.
  std::optional<PageRun> next(const PageRun& behind, std::uint64_t most) const;
  /// Its shortest runs, the shortest first, as many as have no more pages than this together.
  std::vector<PageRun> shortest(std::uint64_t pages) const;

 private:
  using Starts = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;  ///< process, address -> its end
  Starts::const_iterator at(std::uint64_t process, std::uint64_t address) const;
  Starts runs_;
};

}  // namespace ms2m::node
