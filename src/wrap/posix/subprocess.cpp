#include "wrap/posix/subprocess.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "ms2m/error.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::posix {
namespace {

/// The loop over the streams of one child.
class Run {
 public:
  Run(const RunSpec& spec, const StopToken& stop, const std::string& doing)
      : spec_(spec), stop_(stop), doing_(doing), child_(spec.process) {}

  RunResult go() {
    const SigpipeGuard guard;
    try {
      while (!child_.try_wait()) {
        feed();
        wait();
        stop_.check(doing_);
        collect();
      }
      collect();
    } catch (...) {
      child_.end(spec_.grace);
      child_.signal_group(SIGKILL);
      throw;
    }
    return RunResult{*child_.try_wait(), std::move(out_), std::move(err_)};
  }

 private:
  void feed() {
    if (!child_.in) return;
    if (!write_some(child_.in, spec_.input, sent_)) child_.in.reset();  // the child does not want it: not an error
    if (sent_ == spec_.input.size() && !spec_.hold_stdin) child_.in.reset();
  }

  void collect() {
    read_into(child_.out, out_, spec_.out_limit + 1);
    if (out_.size() > spec_.out_limit)
      throw Error(ErrorKind::failed,
                  spec_.process.argv[0] + " wrote more than " + std::to_string(spec_.out_limit) + " bytes of output");
    read_tail(child_.err, err_, spec_.err_limit);
  }

  void wait() {
    std::array<pollfd, 5> fds;
    fds[0] = {child_.pidfd(), POLLIN, 0};
    fds[1] = {stop_.fd(), POLLIN, 0};  // poll ignores -1
    fds[2] = {sent_ < spec_.input.size() ? child_.in.get() : -1, POLLOUT, 0};
    fds[3] = {child_.out.get(), POLLIN, 0};
    fds[4] = {child_.err.get(), POLLIN, 0};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop_.remaining(Millis{60000}).count()));
  }

  const RunSpec& spec_;
  const StopToken& stop_;
  const std::string& doing_;
  Child child_;
  std::size_t sent_ = 0;
  std::string out_;
  std::string err_;
};

}  // namespace

RunResult run_process(const RunSpec& spec, const StopToken& stop, const std::string& doing) {
  stop.check(doing);
  return Run(spec, stop, doing).go();
}

RunResult run_process(const std::vector<std::string>& argv, const StopToken& stop, const std::string& doing) {
  RunSpec spec;
  spec.process.argv = argv;
  spec.process.in = ProcessSpec::Stream::null;
  return run_process(spec, stop, doing);
}

std::string last_line(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const auto end = text.find_last_not_of(kSpace);
  if (end == std::string::npos) return {};
  const auto line = text.find_last_of('\n', end);
  const auto begin = text.find_first_not_of(kSpace, line == std::string::npos ? 0 : line + 1);
  return text.substr(begin, end - begin + 1);
}

}  // namespace ms2m::posix
