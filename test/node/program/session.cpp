#include "session.hpp"

#include <poll.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "support/catch.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m::test {
namespace {

constexpr Millis kPatience{60000};

posix::ProcessSpec spec_of(const std::vector<std::string>& argv, const Session::Environment& environment) {
  posix::ProcessSpec spec;
  spec.argv = argv;
  spec.env = environment;
  return spec;
}

void wait_for(int fd, short events, const char* what) {
  pollfd one{fd, events, 0};
  INFO("waited a minute " << what);
  REQUIRE(::poll(&one, 1, static_cast<int>(kPatience.count())) == 1);
}

}  // namespace

std::vector<std::string> Place::program() const { return {MS2M_NODE_AT, layouts, cgroups, kubelet, system}; }

Session::Session(const std::vector<std::string>& argv, const Environment& environment)
    : child(spec_of(argv, environment)) {
  std::string line;
  while (line.empty() || line.back() != '\n') {
    wait_for(child.out.get(), POLLIN, "for the greeting");
    char c = 0;
    REQUIRE(::read(child.out.get(), &c, 1) == 1);
    line += c;
  }
  const auto parsed = node::parse_greeting(line);
  INFO(line);
  REQUIRE(parsed);
  greeting = *parsed;
}

void Session::hello(Millis silence, const std::string& runtime) {
  call(node::Hello{node::kProtocolVersion, static_cast<std::uint64_t>(silence.count()), runtime, "worker-1"});
}

void Session::send(node::FrameKind kind, std::uint32_t channel, const std::string& payload) {
  send_raw(node::encode_frame(kind, channel, payload));
}

void Session::send_raw(const std::string& bytes) {
  const posix::SigpipeGuard guard;
  for (std::size_t sent = 0; sent < bytes.size();) {
    if (!posix::write_some(child.in, bytes, sent)) return;  // it has gone: the test will see
    if (sent < bytes.size()) wait_for(child.in.get(), POLLOUT, "to write");
  }
}

void Session::send_stream(std::uint32_t channel, const std::string& bytes, const node::StreamEnd& end) {
  std::size_t credit = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    while (credit == 0) {
      const node::Frame frame = next_of(channel);
      if (frame.kind == node::FrameKind::error) node::throw_error(frame.payload);
      REQUIRE(frame.kind == node::FrameKind::credit);
      credit += node::credit_of(frame);
    }
    const auto size = std::min({credit, node::kMaxData, bytes.size() - at});
    send(node::FrameKind::data, channel, bytes.substr(at, size));
    at += size;
    credit -= size;
  }
  send(node::FrameKind::end, channel, node::print_message(end));
}

bool Session::read_more() {
  wait_for(child.out.get(), POLLIN, "for a frame");
  std::string bytes(1 << 18, '\0');
  const auto got = ::read(child.out.get(), bytes.data(), bytes.size());
  if (got <= 0) return false;
  decoder_.feed(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
  return true;
}

std::optional<node::Frame> Session::next() {
  for (;;) {
    if (auto frame = decoder_.next()) {
      if (frame->kind != node::FrameKind::heartbeat) return frame;
      ++heartbeats;
    } else if (!read_more()) {
      return std::nullopt;
    }
  }
}

node::Frame Session::next_of(std::uint32_t channel) {
  for (;;) {
    auto frame = next();
    INFO("the program has ended");
    REQUIRE(frame);
    if (frame->channel == channel) return std::move(*frame);
  }
}

std::string Session::answer(std::uint32_t channel) {
  for (;;) {
    node::Frame frame = next_of(channel);
    if (frame.kind == node::FrameKind::answer) return frame.payload;
    if (frame.kind == node::FrameKind::error) node::throw_error(frame.payload);
  }
}

int Session::guard() const {
  const std::string pid = std::to_string(child.pid());
  const std::string children = content("/proc/" + pid + "/task/" + pid + "/children");
  return children.empty() ? -1 : std::stoi(children);
}

posix::ExitStatus Session::wait() {
  INFO("waited a minute for the program's end");
  const auto status = child.wait_for(kPatience);
  REQUIRE(status);
  posix::read_into(child.err, err, 1 << 20);
  return *status;
}

bool becomes_true(const std::function<bool()>& holds, Millis limit) {
  for (const TimePoint end = Clock::now() + limit; !holds();) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(Millis{5});
  }
  return true;
}

bool alive(int pid) {
  const std::string state = content("/proc/" + std::to_string(pid) + "/stat");
  return !state.empty() && state.find(") Z ") == std::string::npos;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace ms2m::test
