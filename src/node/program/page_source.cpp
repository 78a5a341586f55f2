#include "node/program/page_source.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "ms2m/error.hpp"
#include "node/criu/pagemap.hpp"
#include "node/program/criu_socket.hpp"
#include "node/program/from_channel.hpp"

namespace ms2m::node {
namespace {

constexpr std::uint64_t kMostPages = 1024;  // CRIU's client asks for no more (criu/uffd.c, MAX_XFER_LEN)

/// How far is given ahead.
struct Ahead {
  std::uint64_t piece = 256;        ///< pages that are asked for at a time
  std::size_t asked = 4;            ///< pieces that CRIU has been asked for before it has answered
  std::uint64_t around = 1;         ///< pages that are given of those that begin with a single one that is wanted
  std::uint64_t most = kMostPages;  ///< pages that are given of those that are wanted, before others have their turn
  std::uint64_t first = 0;          ///< pages of short runs that are given before all else
  Millis rest{0};  ///< for so long after a single page was wanted, nobody else's turn is more than a page
};
/// A copy that runs waits for what it touches, behind all that is on its way; and touches what is beside that next.
/// What it touches at once (stacks, the data of its libraries, small heaps) is rather in short runs than where its mass
/// is; the target's side keeps 32 MiB that nobody has asked for (page_store.cpp). As long as it waits for one page
/// after the other, the way is theirs.
constexpr Ahead kLazily{32, 2, 16, 16, (24u << 20) / kPageSize, Millis{30}};

class PageSource {
 public:
  PageSource(int socket, PageSet kept, bool lazy, Channel& channel)
      : channel_(channel), socket_(socket, channel.stop()), ahead_(lazy ? kLazily : Ahead{}), kept_(std::move(kept)) {
    const auto short_ones = kept_.shortest(ahead_.first);
    first_.assign(short_ones.begin(), short_ones.end());
  }

  Bytes run() {
    channel_.accept_stream(Bytes{0});
    std::thread wishes([this] { hear_wishes(); });
    Bytes done;
    try {
      done = give();
    } catch (...) {
      end(wishes);
      throw;
    }
    end(wishes);
    channel_.stop().check("giving pages");
    if (failure_) std::rethrow_exception(failure_);
    return done;
  }

 private:
  struct Asked {
    PageRun run;
    bool kept = false;    ///< what is not answered of it is to be given still
    bool wanted = false;  ///< and at once
  };

  void end(std::thread& wishes) {
    channel_.receive_no_more();
    socket_.close();
    wishes.join();
  }

  Bytes give() {
    {
      const std::lock_guard lock(mutex_);
      ask_ahead();
    }
    Bytes done;
    for (std::string bytes;;) {
      bytes.resize(PageFrame::kSize);
      if (!socket_.get(bytes)) break;
      const PageFrame frame = parse_frame(bytes);
      answered(frame);
      bytes.resize(PageFrame::kSize + frame.run.pages * kPageSize);
      if (!socket_.get(std::span(bytes).subspan(PageFrame::kSize))) break;
      channel_.send(bytes);
      done.count += bytes.size();
    }
    return done;
  }

  void answered(const PageFrame& frame) {
    const std::lock_guard lock(mutex_);
    const bool meant = !asked_.empty() && frame.command == PageFrame::kPages &&
                       frame.run.process == asked_.front().run.process &&
                       frame.run.address == asked_.front().run.address && frame.run.pages > 0 &&
                       frame.run.pages <= asked_.front().run.pages;
    if (!meant) throw Error(ErrorKind::protocol, "CRIU's page server says what is not understood");
    const Asked was = asked_.front();
    asked_.pop_front();
    if (was.kept && frame.run.pages < was.run.pages) {  // it ends where its own pieces do
      const PageRun rest{was.run.process, was.run.address + frame.run.pages * kPageSize,
                         was.run.pages - frame.run.pages};
      if (was.wanted) return ask({rest, true, true});
      last_ = frame.run;
      kept_.add(rest);
    }
    ask_ahead();
  }

  void ask(const Asked& asked) {
    asked_.push_back(asked);
    socket_.put(print_frame({PageFrame::kGet, asked.run}));
  }

  void ask_ahead() {
    if (rests()) return;  // CRIU wants more as long as there is any
    while (asked_.size() < ahead_.asked && ask_first()) continue;
    while (asked_.size() < ahead_.asked) {
      const auto next = kept_.next(last_, ahead_.piece);
      if (!next) return;
      last_ = *next;
      kept_.remove(*next);
      ask({*next, true});
    }
  }

  bool rests() const { return Clock::now() < rest_until_; }

  /// False: there is none of them any more.
  bool ask_first() {
    for (; !first_.empty(); first_.pop_front()) {
      PageRun& run = first_.front();
      PageRun next = run;
      next.pages = std::min(run.pages, ahead_.piece);
      next = kept_.leading(next);
      if (next.pages == 0) continue;  // some of it was wanted; the rest has its turn later
      run.address += next.pages * kPageSize;
      run.pages -= next.pages;
      kept_.remove(next);
      ask({next, true});
      return true;
    }
    return false;
  }

  void hear_wishes() noexcept {
    try {
      FromChannel wishes(channel_);
      std::string bytes(PageFrame::kSize, '\0');
      while (wishes.get(bytes)) obey(parse_frame(bytes));
      socket_.end_putting();
    } catch (...) {  // the other thread ends, too
      failure_ = std::current_exception();
      socket_.close();
    }
  }

  void obey(const PageFrame& frame) {
    const bool again = frame.command == PageFrame::kGet;
    if ((!again && frame.command != PageFrame::kWanted) || frame.run.pages == 0 || frame.run.pages > kMostPages)
      throw Error(ErrorKind::protocol, "a wish for pages is not understood");
    const std::lock_guard lock(mutex_);
    if (again) return ask({frame.run, false});
    if (frame.run.pages == 1) {
      rest_until_ = Clock::now() + ahead_.rest;
      return want(kept_.leading({frame.run.process, frame.run.address, ahead_.around}));
    }
    PageRun run = frame.run;
    run.pages = std::min(run.pages, rests() ? 1 : ahead_.most);
    last_ = run;  // CRIU goes on from there
    want_all(run);
    ask_ahead();
  }

  void want(const PageRun& run) {
    if (run.pages == 0) return;  // on its way
    kept_.remove(run);
    ask({run, true, true});
  }

  /// Some in the middle may be on their way: the client waits for all of it, and with it whatever it wants later.
  void want_all(PageRun run) {
    const std::uint64_t end = run.address + run.pages * kPageSize;
    while (run.address < end) {
      auto part = kept_.next({run.process, run.address, 0}, run.pages);
      if (!part || part->process != run.process || part->address < run.address || part->address >= end) return;
      part->pages = std::min(part->pages, (end - part->address) / kPageSize);
      want(*part);
      run.address = part->address + part->pages * kPageSize;
    }
  }

  Channel& channel_;
  const CriuSocket socket_;
  const Ahead ahead_;
  std::mutex mutex_;  ///< guards the rest, and the order in which CRIU is asked
  PageSet kept_;
  std::deque<PageRun> first_;
  PageRun last_;  ///< behind which is given next
  std::deque<Asked> asked_;
  TimePoint rest_until_{};
  std::exception_ptr failure_;  ///< of the other thread, when that has ended
};

}  // namespace

Bytes give_pages(int socket, PageSet kept, bool lazy, Channel& channel) {
  return PageSource(socket, std::move(kept), lazy, channel).run();
}

}  // namespace ms2m::node
