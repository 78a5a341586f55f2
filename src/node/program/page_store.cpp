#include "node/program/page_store.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "ms2m/error.hpp"
#include "ms2m/node.hpp"
#include "node/criu/page_frames.hpp"
#include "node/criu/pagemap.hpp"
#include "node/program/criu_socket.hpp"
#include "node/program/from_channel.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostKept = 32u << 20;
constexpr int kWide = 4 << 20;
constexpr Millis kLook{1000};
constexpr std::uint64_t kMostPages = 1024;  // in a frame: CRIU's client asks for no more (criu/uffd.c, MAX_XFER_LEN)

/// Stopped and let go on as take_pages() says.
class CriuProcess {
 public:
  CriuProcess(posix::UniqueFd pidfd, bool lazy) : pidfd_(std::move(pidfd)), free_(lazy) {}
  ~CriuProcess() { let_go(); }
  CriuProcess(const CriuProcess&) = delete;
  CriuProcess& operator=(const CriuProcess&) = delete;
  void stand_still() noexcept {
    if (!stands_ && !free_) signal(SIGSTOP);
    stands_ = !free_;
  }
  void go_on() noexcept {
    if (stands_) signal(SIGCONT);
    stands_ = false;
  }
  /// For good.
  void let_go() noexcept {
    go_on();
    free_ = true;
  }

 private:
  void signal(int number) const noexcept {  // by number: glibc 2.36 declares the function without C linkage
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
  }
  const posix::UniqueFd pidfd_;
  bool stands_ = false, free_;
};

class PageStore {
 public:
  PageStore(int socket, posix::UniqueFd criu, bool lazy, Channel& channel)
      : channel_(channel), socket_(socket, channel.stop()), lazy_(lazy), criu_(std::move(criu), lazy) {}

  Bytes run() {
    socket_.widen(kWide);
    channel_.accept_stream(Bytes{0});
    std::thread arrivals([this] { hear_arrivals(); });
    std::thread patience;
    if (lazy_) patience = std::thread([this] { lose_patience(); });
    try {
      hear_criu();
    } catch (...) {
      end(arrivals, patience);
      throw;
    }
    end(arrivals, patience);
    channel_.stop().check("fetching pages");
    if (failure_) std::rethrow_exception(failure_);
    return given_;
  }

 private:
  struct Kept {
    std::string bytes;
    std::size_t from = 0;  ///< what is before it has been given
  };
  struct Wish {
    PageRun run;
    bool again = false;
  };
  using Place = std::pair<std::uint64_t, std::uint64_t>;  ///< process, address

  void end(std::thread& arrivals, std::thread& patience) {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      criu_.let_go();
      changed_.notify_all();
    }
    channel_.receive_no_more();
    socket_.close();
    arrivals.join();
    if (patience.joinable()) patience.join();
  }

  void hear_criu() {
    std::string bytes(PageFrame::kSize, '\0');
    while (socket_.get(bytes)) {
      PageFrame frame = parse_frame(bytes);
      if (frame.command == PageFrame::kForcedClose || frame.command == PageFrame::kClose) {
        socket_.put(std::string(sizeof(std::int32_t), '\0'));  // all is well
        continue;
      }
      if (frame.command != PageFrame::kGet || frame.run.pages == 0 || frame.run.pages > kMostPages)
        throw Error(ErrorKind::protocol, "CRIU asks for pages in a way that is not understood");
      {
        const std::lock_guard lock(mutex_);
        // What it has had is for a process that the copy has forked meanwhile.
        const bool again = given_before_.meets(frame.run);
        if (!again) frame.command = PageFrame::kWanted;
        const bool all = there(frame.run) == frame.run.pages;
        if (wanted_.empty()) heard_ = Clock::now();
        wanted_.push_back({frame.run, again});
        walks_ |= frame.run.pages > 1;
        give();
        changed_.notify_all();
        if (all) continue;
      }
      channel_.send(print_frame(frame));
    }
  }

  void hear_arrivals() noexcept {
    try {
      FromChannel from(channel_);
      std::string head(PageFrame::kSize, '\0');
      while (from.get(head)) {
        const PageFrame frame = parse_frame(head);
        if (frame.command != PageFrame::kPages || frame.run.pages == 0 || frame.run.pages > kMostPages)
          throw Error(ErrorKind::protocol, "pages come in a way that is not understood");
        std::string pages(frame.run.pages * kPageSize, '\0');
        if (!from.get(pages)) break;
        std::unique_lock lock(mutex_);
        heard_ = Clock::now();
        keep(frame.run, std::move(pages));
        give();
        // While CRIU waits for something, that may be behind all that comes before.
        changed_.wait(lock, [this] { return over_ || size_ < kMostKept || !wanted_.empty(); });
        if (over_) return;
      }
      socket_.end_putting();
    } catch (...) {  // CRIU gets nothing more, and the other thread ends, too
      fail(std::current_exception());
    }
    const std::lock_guard lock(mutex_);
    criu_.let_go();
  }

  void fail(const std::exception_ptr& why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = why;
    socket_.close();
  }

  /// A copy that runs has the queue, perhaps, and stands in a page fault: whoever should bring the pages may not run.
  void lose_patience() noexcept {
    std::unique_lock lock(mutex_);
    while (!over_ && (wanted_.empty() || Clock::now() - heard_ < kPagesPatience)) changed_.wait_for(lock, kLook);
    if (over_) return;
    lock.unlock();
    fail(std::make_exception_ptr(
        Error(ErrorKind::timeout, "no page has come for " + std::to_string(kPagesPatience.count() / 1000) + " s")));
  }

  std::map<Place, Kept>::iterator find(const PageRun& run) {
    auto found = kept_.upper_bound({run.process, run.address});
    if (found == kept_.begin()) return kept_.end();
    --found;
    const std::uint64_t end = found->first.second + (found->second.bytes.size() - found->second.from);
    return found->first.first == run.process && run.address < end ? found : kept_.end();
  }

  /// Of pages that are there already nothing more is kept.
  void keep(PageRun run, std::string pages) {
    std::size_t from = 0;
    while (run.pages > 0 && find(run) != kept_.end()) {
      --run.pages;
      run.address += kPageSize;
      from += kPageSize;
    }
    if (run.pages == 0) return;
    size_ += pages.size() - from;
    kept_[{run.process, run.address}] = {std::move(pages), from};
  }

  /// How many of these are there, one after the other.
  std::uint64_t there(PageRun run) {
    const std::uint64_t begin = run.address, end = run.address + run.pages * kPageSize;
    while (run.address < end) {
      const auto found = find(run);
      if (found == kept_.end()) break;
      run.address = found->first.second + (found->second.bytes.size() - found->second.from);
    }
    return (std::min(run.address, end) - begin) / kPageSize;
  }

  /// In the order in which they are wanted: CRIU tells its answers apart by that alone. What was not given before comes
  /// whole, so it is given whole: each answer costs CRIU a turn. But a copy that runs may wait for what is wanted next,
  /// so CRIU gets what is there, and asks for the rest again.
  void give() {
    while (!wanted_.empty()) {
      PageRun run = wanted_.front().run;
      const std::uint64_t pages = there(run);
      if (pages == 0 || (pages < run.pages && !wanted_.front().again && !lazy_))
        return walks_ ? criu_.stand_still() : void();
      criu_.go_on();
      wanted_.pop_front();
      run.pages = pages;
      socket_.put(print_frame({PageFrame::kPages, run}));
      given_before_.add(run);
      given_.count += pages * kPageSize;
      for (const std::uint64_t end = run.address + pages * kPageSize; run.address < end;) {
        const auto found = find(run);
        const std::size_t at = found->second.from + (run.address - found->first.second);
        const std::size_t size = std::min<std::uint64_t>(found->second.bytes.size() - at, end - run.address);
        socket_.put(std::string_view(found->second.bytes).substr(at, size));
        cut(found, at, size);
        run.address += size;
      }
    }
  }

  /// What was given goes; what is behind it has a place of its own.
  void cut(std::map<Place, Kept>::iterator found, std::size_t at, std::size_t size) {
    const Place place = found->first;
    Kept kept = std::move(found->second);
    kept_.erase(found);
    size_ -= size;
    const std::size_t before = at - kept.from, behind = kept.bytes.size() - at - size;
    if (before > 0) kept_[place] = {kept.bytes.substr(kept.from, before), 0};
    if (behind > 0) kept_[{place.first, place.second + before + size}] = {std::move(kept.bytes), at + size};
  }

  Channel& channel_;
  const CriuSocket socket_;
  std::mutex mutex_;  ///< guards the rest, and what CRIU is given
  std::condition_variable changed_;
  const bool lazy_;
  CriuProcess criu_;
  bool walks_ = false;  ///< CRIU asks of its own accord; for what the copy touches it asks singly
  std::map<Place, Kept> kept_;
  std::size_t size_ = 0;
  std::deque<Wish> wanted_;
  PageSet given_before_;
  Bytes given_;
  TimePoint heard_{};  ///< when a page came, or the first of what is wanted was
  bool over_ = false;
  std::exception_ptr failure_;  ///< of the other threads
};

}  // namespace

Bytes take_pages(int socket, posix::UniqueFd criu, bool lazy, Channel& channel) {
  return PageStore(socket, std::move(criu), lazy, channel).run();
}

}  // namespace ms2m::node
