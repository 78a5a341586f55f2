#include "node/criu/page_frames.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "node/criu/pagemap.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kPagesAt = 8, kAddressAt = 16, kProcessAt = 24;

std::uint64_t end_of(const PageRun& run) { return run.address + run.pages * kPageSize; }

}  // namespace

std::string print_frame(const PageFrame& frame) {
  std::string bytes(PageFrame::kSize, '\0');
  std::memcpy(bytes.data(), &frame.command, sizeof frame.command);
  std::memcpy(bytes.data() + kPagesAt, &frame.run.pages, sizeof frame.run.pages);
  std::memcpy(bytes.data() + kAddressAt, &frame.run.address, sizeof frame.run.address);
  std::memcpy(bytes.data() + kProcessAt, &frame.run.process, sizeof frame.run.process);
  return bytes;
}

PageFrame parse_frame(std::string_view bytes) {
  PageFrame frame;
  std::memcpy(&frame.command, bytes.data(), sizeof frame.command);
  std::memcpy(&frame.run.pages, bytes.data() + kPagesAt, sizeof frame.run.pages);
  std::memcpy(&frame.run.address, bytes.data() + kAddressAt, sizeof frame.run.address);
  std::memcpy(&frame.run.process, bytes.data() + kProcessAt, sizeof frame.run.process);
  return frame;
}

PageSet::Starts::const_iterator PageSet::at(std::uint64_t process, std::uint64_t address) const {
  auto found = runs_.upper_bound({process, address});
  if (found == runs_.begin()) return runs_.end();
  --found;
  return found->first.first == process && address < found->second ? found : runs_.end();
}

void PageSet::add(const PageRun& run) {
  if (run.pages == 0) return;
  remove(run);
  std::uint64_t begin = run.address, end = end_of(run);
  if (const auto next = runs_.find({run.process, end}); next != runs_.end()) {
    end = next->second;
    runs_.erase(next);
  }
  if (begin > 0)
    if (const auto before = at(run.process, begin - 1); before != runs_.end() && before->second == begin) {
      begin = before->first.second;
      runs_.erase(before);
    }
  runs_[{run.process, begin}] = end;
}

void PageSet::remove(const PageRun& run) {
  const std::uint64_t end = end_of(run);
  auto from = runs_.lower_bound({run.process, run.address});
  if (from != runs_.begin()) {
    const auto before = std::prev(from);
    if (before->first.first == run.process && before->second > run.address) {
      const std::uint64_t its_end = before->second;
      before->second = run.address;
      if (its_end > end) runs_[{run.process, end}] = its_end;
    }
  }
  for (from = runs_.lower_bound({run.process, run.address});
       from != runs_.end() && from->first.first == run.process && from->first.second < end;) {
    if (from->second > end) runs_[{run.process, end}] = from->second;
    from = runs_.erase(from);
  }
}

bool PageSet::meets(const PageRun& run) const {
  if (at(run.process, run.address) != runs_.end()) return true;
  const auto next = runs_.lower_bound({run.process, run.address});
  return next != runs_.end() && next->first.first == run.process && next->first.second < end_of(run);
}

PageRun PageSet::leading(const PageRun& run) const {
  const auto found = at(run.process, run.address);
  if (found == runs_.end()) return {run.process, run.address, 0};
  return {run.process, run.address, (std::min(found->second, end_of(run)) - run.address) / kPageSize};
}

std::optional<PageRun> PageSet::next(const PageRun& behind, std::uint64_t most) const {
  if (runs_.empty()) return std::nullopt;
  std::uint64_t from = end_of(behind);
  auto found = at(behind.process, from);
  if (found == runs_.end()) {
    found = runs_.lower_bound({behind.process, from});
    if (found == runs_.end()) found = runs_.begin();
    from = found->first.second;
  }
  return PageRun{found->first.first, from, std::min(most, (found->second - from) / kPageSize)};
}

std::vector<PageRun> PageSet::shortest(std::uint64_t pages) const {
  std::vector<PageRun> runs;
  for (const auto& [start, end] : runs_) runs.push_back({start.first, start.second, (end - start.second) / kPageSize});
  std::stable_sort(runs.begin(), runs.end(), [](const PageRun& a, const PageRun& b) { return a.pages < b.pages; });
  std::size_t count = 0;
  for (std::uint64_t all = 0; count < runs.size() && all + runs[count].pages <= pages; ++count)
    all += runs[count].pages;
  runs.resize(count);
  return runs;
}

}  // namespace ms2m::node
