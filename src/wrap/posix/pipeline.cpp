#include "wrap/posix/pipeline.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "ms2m/error.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::posix {
namespace {

constexpr std::size_t kBuffer = 1u << 20;
constexpr std::size_t kHeaderLimit = 4096;
constexpr Millis kLastWords{2000};  ///< for the side that has not failed: to end by itself and say why

struct Side {
  Side(const RunSpec& run, bool keep) : spec(run), child(run.process), keep_output(keep) {}
  const RunSpec& spec;
  Child child;
  const bool keep_output;  ///< false: the stream itself, which is read elsewhere
  std::size_t sent = 0;
  std::string err;
  std::string out;

  bool sending() const { return child.in && sent < spec.input.size(); }
  bool feed() { return !sending() || write_some(child.in, spec.input, sent); }
  void listen() {
    read_tail(child.err, err, spec.err_limit);
    if (keep_output) read_into(child.out, out, spec.out_limit);
  }
  RunResult result() {
    listen();
    return RunResult{*child.try_wait(), std::move(out), std::move(err)};
  }
  /// Ends in its own time, at most kLastWords; then it is killed.
  void finish(const StopToken& stop, const std::string& doing) {
    child.in.reset();
    const auto patience = StopToken{}.within(kLastWords);
    while (!child.try_wait()) {
      stop.check(doing);
      if (patience.remaining(kLastWords) == Millis{0})
        child.end(spec.grace);
      else
        wait(stop, patience);
      listen();
    }
  }
  void wait(const StopToken& stop, const StopToken& patience) {
    std::array<pollfd, 4> fds{{{child.pidfd(), POLLIN, 0},
                               {stop.fd(), POLLIN, 0},
                               {child.err.get(), POLLIN, 0},
                               {keep_output ? child.out.get() : -1, POLLIN, 0}}};
    const auto limit = stop.remaining(patience.remaining(kLastWords));
    ::poll(fds.data(), fds.size(), static_cast<int>(limit.count()));
  }
};

class Pipeline {
 public:
  Pipeline(const PipelineSpec& spec, const StopToken& stop, const std::string& doing)
      : spec_(spec),
        stop_(stop),
        doing_(doing),
        from_(spec.from, false),
        to_(spec.to, true),
        buffer_(new char[kBuffer]) {
    // Fewer wake-ups; refused above the user's limit, which does no harm.
    ::fcntl(from_.child.out.get(), F_SETPIPE_SZ, kBuffer);
    ::fcntl(to_.child.in.get(), F_SETPIPE_SZ, kBuffer);
  }

  PipelineResult go() {
    const SigpipeGuard guard;
    try {
      const auto cause = flow();
      PipelineResult result;
      result.cause = cause;
      if (cause == PipelineResult::Cause::to) from_.child.end(from_.spec.grace);
      from_.finish(stop_, doing_);
      to_.finish(stop_, doing_);
      result.from = from_.result();
      result.to = to_.result();
      return result;
    } catch (...) {
      from_.child.signal_group(SIGTERM);  // both at once: the grace time runs once
      to_.child.end(to_.spec.grace);
      from_.child.end(from_.spec.grace);
      throw;
    }
  }

 private:
  using Cause = PipelineResult::Cause;

  Cause flow() {
    while (true) {
      stop_.check(doing_);
      // `to` first: it may have failed before it could take anything.
      if (to_.child.try_wait()) return ended_ ? verdict_of_to() : Cause::to;
      if (!push()) return Cause::to;
      from_.feed();
      pull();
      if (!from_.child.out && empty() && !ended_) {
        if (!from_ended_well()) return Cause::from;
        if (spec_.on_end) tail_ += spec_.on_end();  // an empty stream: the header's answer may still be in it
        ended_ = true;
      }
      if (!push()) return Cause::to;
      if (ended_ && tail_.empty() && !to_.sending()) to_.child.in.reset();
      listen();
      wait();
    }
  }

  Cause verdict_of_to() { return to_.child.try_wait()->ok() && !to_.child.in ? Cause::none : Cause::to; }
  bool empty() const { return begin_ == end_; }

  bool from_ended_well() {
    // Its output is complete; its status comes within a round trip.
    while (!from_.child.try_wait()) {
      stop_.check(doing_);
      from_.wait(stop_, {});
      from_.listen();
    }
    return from_.child.try_wait()->ok() && header_done();
  }

  bool header_done() const { return !spec_.on_header || header_seen_; }

  void pull() {
    while (from_.child.out && end_ < kBuffer) {
      const auto got = ::read(from_.child.out.get(), buffer_.get() + end_, kBuffer - end_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        from_.child.out.reset();
        return;
      }
      take(static_cast<std::size_t>(got));
    }
  }

  void take(std::size_t count) {
    std::string_view fresh(buffer_.get() + end_, count);
    if (!header_done()) {
      const auto line_end = fresh.find('\n');
      header_.append(fresh.substr(0, line_end));
      if (header_.size() > kHeaderLimit) throw Error(ErrorKind::protocol, "no header line where one was expected");
      if (line_end == std::string_view::npos) return;  // all of it was header: nothing is kept in the buffer
      header_seen_ = true;
      tail_ = spec_.on_header(header_);
      fresh.remove_prefix(line_end + 1);
      begin_ = end_ + line_end + 1;
    }
    end_ += count;
    if (spec_.on_data && !fresh.empty()) spec_.on_data(fresh);
  }

  /// false: the reader has gone.
  bool push() {
    auto& in = to_.child.in;
    if (!in) return true;
    if (!to_.feed()) return false;
    if (to_.sending()) return true;
    // tail_ is the header's answer, which precedes the stream, or the trailer, which is made when the buffer is empty.
    if (!tail_.empty()) {
      std::size_t sent = 0;
      const bool alive = write_some(in, tail_, sent);
      tail_.erase(0, sent);
      if (!alive || !tail_.empty()) return alive;
    }
    const bool alive = write_some(in, std::string_view(buffer_.get(), end_), begin_);
    if (empty()) begin_ = end_ = 0;
    return alive;
  }

  void listen() {
    from_.listen();
    to_.listen();
  }

  void wait() {
    const bool writing = to_.sending() || !tail_.empty() || !empty();
    const bool reading = end_ < kBuffer;
    std::array<pollfd, 8> fds{{{stop_.fd(), POLLIN, 0},
                               {to_.child.pidfd(), POLLIN, 0},
                               {writing ? to_.child.in.get() : -1, POLLOUT, 0},
                               {reading ? from_.child.out.get() : -1, POLLIN, 0},
                               {from_.sending() ? from_.child.in.get() : -1, POLLOUT, 0},
                               {from_.child.err.get(), POLLIN, 0},
                               {to_.child.err.get(), POLLIN, 0},
                               {to_.child.out.get(), POLLIN, 0}}};
    if (!from_.child.out && empty() && !ended_) return;  // the end is noticed at once
    ::poll(fds.data(), fds.size(), static_cast<int>(stop_.remaining(Millis{60000}).count()));
  }

  const PipelineSpec& spec_;
  const StopToken& stop_;
  const std::string& doing_;
  Side from_;
  Side to_;
  const std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string header_;
  bool header_seen_ = false;
  std::string tail_;
  bool ended_ = false;
};

}  // namespace

PipelineResult run_pipeline(const PipelineSpec& spec, const StopToken& stop, const std::string& doing) {
  stop.check(doing);
  return Pipeline(spec, stop, doing).go();
}

}  // namespace ms2m::posix
