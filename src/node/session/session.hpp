// ms2m's end of the connection with the program on one node.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"
#include "node/protocol/frame.hpp"
#include "node/session/call.hpp"
#include "node/session/line.hpp"
#include "node/session/outgoing.hpp"

namespace ms2m::node {

/// Lives from the program's greeting until it ends: by its destructor, by the end of its line or of the program, by a
/// breach of the protocol, or by silence, which a heartbeat tells from having nothing to say. After its end every call
/// of it has failed with the cause, and it stays ended.
///
/// One thread of its own reads, writes and beats. All else: any thread.
class Session {
 public:
  /// The program counts as gone when nothing came from it for `silence`; it thinks the same of us.
  Session(Link link, Millis silence);
  /// Closes the program's stdin, which ends it, and waits shortly for the line to end.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool alive() const noexcept { return !over_; }
  /// It lives and was heard of so lately that the program cannot think of us as silent yet.
  bool speaks() const noexcept { return alive() && Clock::now() - heard_at_.load() < silence_ / 2; }
  /// As alive(), but it blocks where that is not known yet, as nothing was heard for so long (this process stood still,
  /// say, and has yet to read that it has ended): until something is, or half the silence more.
  bool lives();
  /// Blocks until it is alive() no more; false: it still is after that time. (The program answers what it gives up, and
  /// then ends.)
  bool ends_within(Millis limit);
  /// Sends a request (JSON text); `doing` is what errors of waiting say. Never blocks. Error{unavailable, ...}: it has
  /// ended.
  std::shared_ptr<Call> start(const std::string& request, std::string doing);
  const Greeting& greeting() const noexcept { return link_.greeting; }
  bool pushed() const noexcept { return link_.pushed; }

 private:
  void run() noexcept;
  /// Until the session ends; the cause. nullopt: the destructor has asked for it.
  std::optional<Error> serve();
  void read();
  void decode();
  void dispatch(Frame frame);
  void wait();
  void conclude(const Error& cause);
  Error cause_of_end();

  Link link_;
  const Millis silence_;
  const std::shared_ptr<Outgoing> outgoing_;  ///< shared with calls, which may outlive the session
  FrameDecoder decoder_{Reader::ms2m};
  std::atomic<TimePoint> heard_at_;
  std::mutex mutex_;  ///< guards calls_, next_channel_, cause_
  std::condition_variable heard_;
  std::map<std::uint32_t, std::weak_ptr<Call>> calls_;
  std::uint32_t next_channel_ = 1;
  std::optional<Error> cause_;
  std::atomic<bool> over_{false}, closing_{false};  ///< over: its line or itself
  std::thread thread_;
};

}  // namespace ms2m::node
