// One child process, mostly in a process group of its own, with pipes to its standard streams.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ms2m/units.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::posix {

/// How a process ended: by exit (signal == 0) or by a signal. These are different values: a killed process never reads
/// as exit code 0.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  bool ok() const noexcept { return signal == 0 && code == 0; }
  /// "exit status 3" or "killed by signal 9"
  std::string text() const;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

struct ProcessSpec {
  std::vector<std::string> argv;                         ///< argv[0] is looked up in PATH unless it has a '/'
  std::vector<std::pair<std::string, std::string>> env;  ///< added to (or replacing in) the environment
  std::vector<std::string> without{};                    ///< variables that it is not to have
  enum class Stream { pipe, null, inherit };
  Stream in = Stream::pipe;
  Stream err = Stream::pipe;
  /// In a group of its own a process cannot read from the terminal. false: in ours, and Ctrl-C reaches it as it reaches
  /// us.
  bool own_group = true;
};

/// Running child. The pipe ends on our side are non-blocking and close-on-exec. All other descriptors of ours that are
/// close-on-exec are closed in it; signal mask and dispositions are the defaults.
/// The destructor kills the whole group (SIGKILL) and reaps, if nobody did before. Not thread-safe.
class Child {
 public:
  /// Error{not_found} when there is no such program, Error{failed} when it cannot be executed.
  explicit Child(const ProcessSpec& spec);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  UniqueFd in;   ///< write end of its stdin (empty unless Stream::pipe)
  UniqueFd out;  ///< read end of its stdout
  UniqueFd err;  ///< read end of its stderr (empty unless Stream::pipe)

  pid_t pid() const noexcept { return pid_; }
  /// Readable (POLLIN) when the process has ended.
  int pidfd() const noexcept { return pidfd_.get(); }
  /// Reaps if it has ended; keeps the answer.
  std::optional<ExitStatus> try_wait();
  /// Waits at most `limit` (poll on the pidfd).
  std::optional<ExitStatus> wait_for(Millis limit);
  /// To the child alone when it has no group of its own.
  void signal_group(int signal) noexcept;
  /// It runs on without us: the destructor does nothing to it, and nobody learns here how it ended.
  void let_go() noexcept { pid_ = -1; }
  /// SIGTERM to the group, `grace`, then SIGKILL to the group; reaps.
  ExitStatus end(Millis grace) noexcept;

 private:
  pid_t pid_ = -1;
  bool own_group_ = true;
  UniqueFd pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace ms2m::posix
