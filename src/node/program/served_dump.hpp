// A dump whose pages are kept back, and fetched while its container stands still.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "node/program/checkpointing.hpp"
#include "node/program/guard.hpp"
#include "node/program/standing.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// CRIU's page server has no port and asks nobody who he is: it serves the other end of a socket pair, which is ours
/// alone, and has ended when that is closed, whatever closes it; the container goes on to run then, as CRIU is told to
/// leave it (criu/page-xfer.c, criu/cr-dump.c).
///
/// Facts (CRIU 4.2.1, crun 1.28, runc 1.3.6, measured): `lazy-pages`, `ps-socket` and `status-fd` in the file that CRIU
/// reads for the runtime do what runc's own options do, and the runtimes pass inherited descriptors on to it. One byte
/// comes by status-fd when everything but the pages is in the images. Until the server ends, CRIU has the container's
/// processes stopped, and its control group is thawed; then it freezes that again, if it was frozen before.
class ServedDump {
 public:
  struct What {
    std::vector<std::string> argv;  ///< the runtime's checkpoint, which leaves the container running
    std::string criu_file;          ///< that CRIU reads for the runtime
    std::string own_file;           ///< where its text for this call is put
    pid_t init = 0;                 ///< the container's first process
    Millis limit{0};                ///< since begin(); then end()
    std::string id;                 ///< of the dump
  };
  /// `guard`, which must outlive it, severs the pair should the program be stopped. Error{refused}: this node's pipes
  /// are too small for CRIU's server. Nothing runs yet.
  ServedDump(std::unique_ptr<Standing> standing, What what, Guard& guard);
  /// end()
  ~ServedDump();
  ServedDump(const ServedDump&) = delete;
  ServedDump& operator=(const ServedDump&) = delete;

  /// Returns when all but the pages is in the images. False: it ended before, or was stopped; end() tells.
  bool begin(const std::function<void(pid_t group)>& began, const StopToken& stop);
  std::uint64_t milliseconds() const;  ///< since it stands still
  /// Ours, of the pair.
  int socket() const noexcept { return ours_.get(); }
  /// No page is served any more. For any thread, also while another one is in begin().
  void close() noexcept;
  /// close(), and returns when the dump has come to its end; the container runs again. For any thread but while another
  /// one is in begin(); the same again every time.
  Checkpointed end();

 private:
  void watch() noexcept;
  std::unique_ptr<Standing> standing_;
  const What what_;
  Guard& guard_;
  posix::UniqueFd ours_, theirs_;
  const BootTime began_;
  std::unique_ptr<Checkpointing> checkpointing_;
  std::mutex ending_;
  std::optional<Checkpointed> done_;  ///< ending_
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;  ///< mutex_
  std::thread limit_;
};

}  // namespace ms2m::node
