// One request of a session while it is open: what comes for it, and what may be sent on its channel.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"
#include "node/protocol/frame.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// Made by Session::start(). One thread uses it; the session's thread fills it. It goes on without its Session: then
/// every wait ends with the session's Error.
class Call {
 public:
  /// Where its frames go: the session's queue (Outgoing::push). May be called from any thread, also when the session
  /// has ended.
  using Send = std::function<void(std::string frame, std::string payload)>;

  Call(std::uint32_t channel, std::string doing, Send send);
  ~Call();  ///< gives it up, without waiting, when it was not answered
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Waits for the next frame of the channel: data, end, progress or the answer, after which nothing comes. Throws what
  /// the program threw, what ended the session (Error{unavailable} also when that was on the node), and Cancelled or
  /// Error{timeout} by `stop`: then the program is told, and has two seconds to say that it has given up.
  Frame next(const StopToken& stop);
  /// The same, of what is there already; nullopt: nothing is. Never waits, unless it is to give up.
  std::optional<Frame> try_next(const StopToken& stop);
  /// Until there may be something of either.
  static void wait_for_either(const Call& one, const Call& other, const StopToken& stop);
  /// Waits for the answer; other frames are not expected: Error{protocol}. Returns its JSON text.
  std::string answer(const StopToken& stop);
  /// So many bytes of data more may come.
  void grant(std::uint32_t bytes);
  /// Sends data when the program has room for it; waits for that. An answer that comes meanwhile is kept for next();
  /// false then: the program takes no more.
  bool send(std::string data, const StopToken& stop);
  void end(std::string_view json);

  // For the session's thread.
  void take(Frame frame);
  void fail(const Error& cause);
  std::uint32_t channel() const noexcept { return channel_; }

 private:
  void wait(const StopToken& stop) const;
  void drain() const noexcept;
  /// Throws, when it must.
  void check(const StopToken& stop);
  void give_up();
  [[noreturn]] void throw_told(const std::string& error, const StopToken& stop) const;
  std::optional<Frame> pop();

  const std::uint32_t channel_;
  const std::string doing_;
  const Send send_;
  posix::UniqueFd wake_;  ///< eventfd
  mutable std::mutex mutex_;
  std::deque<Frame> inbox_;
  std::uint64_t credit_ = 0;
  bool answered_ = false;  ///< the last frame of the channel is in the inbox, or was
  bool given_up_ = false;  ///< said so
  std::optional<Error> cause_;
};

}  // namespace ms2m::node
