// ms2m's side of a session with the program on this machine, as a test needs it: one thread, every wait with a limit.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "node/protocol/frame.hpp"
#include "node/protocol/messages.hpp"
#include "node/protocol/version.hpp"
#include "node/protocol/wire_error.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

/// A node of its own below a temporary directory.
struct Place {
  posix::TempDir directory{"ms2m-node-test-"};
  std::string layouts = path("layouts"), cgroups = path("cgroups"), kubelet = path("kubelet"), system = path("system");
  std::string path(const std::string& name) const { return (directory.path() / name).string(); }
  /// The program that works on it.
  std::vector<std::string> program() const;
};

class Session {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  explicit Session(const std::vector<std::string>& argv, const Environment& environment = {});

  /// Also reads the answer. `silence` far away: the test sends no heartbeats.
  void hello(Millis silence = std::chrono::minutes(5), const std::string& runtime = "cri-o://1.36.3");

  /// Sends a request; returns its channel.
  template <class Request>
  std::uint32_t begin(const Request& request) {
    send(node::FrameKind::request, ++last_, node::print_message(request));
    return last_;
  }
  /// Its answer; throws what it was answered with instead.
  template <class Request>
  typename Request::Answer finish(std::uint32_t channel) {
    return node::parse_message<typename Request::Answer>(answer(channel));
  }
  template <class Request>
  typename Request::Answer call(const Request& request) {
    return finish<Request>(begin(request));
  }

  void send(node::FrameKind kind, std::uint32_t channel, const std::string& payload = "");
  void send_raw(const std::string& bytes);
  /// Sends a stream as far as credit comes, and its end.
  void send_stream(std::uint32_t channel, const std::string& bytes, const node::StreamEnd& end);

  /// The next frame but heartbeats; nullopt: the stream has ended. Fails the test after ten seconds.
  std::optional<node::Frame> next();
  /// The next of this channel; others are dropped.
  node::Frame next_of(std::uint32_t channel);
  /// Payload of the answer; throws its error. Others of the channel are dropped.
  std::string answer(std::uint32_t channel);

  void close() { child.in.reset(); }
  /// The guard's process ID; -1: there is none.
  int guard() const;
  /// Waits until the program has ended, at most ten seconds; reads what it says to the end.
  posix::ExitStatus wait();

  posix::Child child;
  node::Greeting greeting;
  int heartbeats = 0;
  std::string err;  ///< after wait()

 private:
  bool read_more();
  node::FrameDecoder decoder_{node::Reader::ms2m};
  std::uint32_t last_ = 0;
};

/// Kind and words of the error that `act` throws.
struct Thrown {
  ErrorKind kind{};
  std::string text, remedy;
  bool cancelled = false;
};
template <class Act>
Thrown thrown_by(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return {error.kind(), error.what(), error.remedy()};
  } catch (const Cancelled&) {
    return {{}, "", "", true};
  }
  return {{}, "nothing was thrown", ""};
}

/// Looks every few milliseconds until it holds, at most `limit`.
bool becomes_true(const std::function<bool()>& holds, Millis limit = std::chrono::seconds(60));

/// False for what only waits to be reaped.
bool alive(int pid);
std::string content(const std::filesystem::path& path);
void put(const std::filesystem::path& path, const std::string& text);

}  // namespace ms2m::test
