// The sessions of an agent: by ID and owner, and their end.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/session.hpp"

namespace ms2m::agent {

/// A line for people; without secrets. Any thread.
using Log = std::function<void(const std::string& line)>;
/// What is started for a session. Any thread.
using Program = std::function<posix::ProcessSpec()>;

/// Ends those that are silent: their program sees the end of its stdin, which undoes what it holds. Nobody kills it:
/// what it has paused and nobody else knows of would stand still for ever. Thread-safe.
class Sessions {
 public:
  /// Less than the kubelet waits for the agent's end.
  static constexpr Millis kFarewell{20000};
  Sessions(Program program, std::size_t most, Log log, Millis farewell = kFarewell);
  /// close_all(), and waits for their ends, as long as `farewell`. Programs that need longer run on.
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  enum class Opened { yes, others, full };
  /// Again by the same owner: it is there already, yes. Error: the program does not start.
  Opened open(const std::string& id, const std::string& owner, Millis silence);
  /// nullptr: there is none of that ID and owner.
  std::shared_ptr<Session> find(const std::string& id, const std::string& owner);
  void close_all();

 private:
  void run();
  void let_go(const std::string& id, Session& session);
  const Program program_;
  const std::size_t most_;
  const Log log_;
  const Millis farewell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  bool ending_ = false;   ///< nobody asks any more
  bool closing_ = false;  ///< the thread is to end
  std::thread thread_;
};

}  // namespace ms2m::agent
