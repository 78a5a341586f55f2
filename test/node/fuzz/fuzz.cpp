// ms2m_node_fuzz [--seconds N] [--seed S]: leads wrong sessions with the node program. It may answer whatever it likes,
// in whole frames; it may not crash, hang, touch anything outside of its roots, leave anything frozen or unverified.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "handler_inputs.hpp"
#include "ms2m/error.hpp"
#include "mutator.hpp"
#include "node/protocol/frame.hpp"
#include "node/protocol/json_text.hpp"
#include "node/protocol/messages.hpp"
#include "node/protocol/version.hpp"
#include "node/protocol/wire_error.hpp"
#include "world.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::test {
namespace {

using namespace node;

template <class... Messages>
void decode_each(const std::string& payload) {
  const auto one = [&](auto decoded) {
    try {
      decoded();
    } catch (const Error&) {
    }
  };
  (one([&] { parse_message<Messages>(payload); }), ...);
}

/// Both ends' decoders, in this process.
void decode_everything(const std::string& bytes, Mutator& mutator) {
  for (const Reader reader : {Reader::program, Reader::ms2m}) {
    FrameDecoder decoder(reader);
    try {
      for (std::size_t at = 0; at < bytes.size();) {
        const auto size = std::min(1 + mutator.below(5000), bytes.size() - at);
        decoder.feed(std::string_view(bytes).substr(at, size));
        at += size;
        while (const auto frame = decoder.next())
          if (frame->kind != FrameKind::data && frame->payload.size() > 1)
            decode_each<Hello, Look, LookAnswer, NodeTools, ArchiveList, ImageFound, ImageListing, ImageImport, Freeze,
                        StreamEnd, Forgotten>(frame->payload);
      }
    } catch (const Error&) {
    }
  }
}

struct Counts {
  std::atomic<std::uint64_t> sessions = 0, answers = 0, errors = 0, restores = 0;
};

/// What the program said is a greeting and whole frames with JSON in them.
std::string wrong_answer(const std::string& out, Counts& counts) {
  const auto line = out.find('\n');
  if (line == std::string::npos || !parse_greeting(out.substr(0, line))) return "no greeting";
  FrameDecoder decoder(Reader::ms2m);
  try {
    decoder.feed(std::string_view(out).substr(line + 1));
    while (const auto frame = decoder.next()) {
      if (frame->kind == FrameKind::answer || frame->kind == FrameKind::error) parse_object(frame->payload);
      counts.answers += frame->kind == FrameKind::answer ? 1 : 0;
      counts.errors += frame->kind == FrameKind::error ? 1 : 0;
      if (frame->kind == FrameKind::end) parse_message<StreamEnd>(frame->payload);
      if (frame->kind == FrameKind::progress) parse_message<StreamProgress>(frame->payload);
    }
  } catch (const Error& error) {
    return std::string("a wrong frame: ") + error.what();
  }
  return decoder.unfinished() ? "half a frame" : "";
}

/// Leads one session: writes what there is to be written, first only until the program has granted credit or has said
/// no, and reads all that it says.
class Leading {
 public:
  Leading(const World& world, const Session& session) : session_(session), child_(spec(world)) {}

  posix::RunResult run() {
    const posix::SigpipeGuard guard;
    const TimePoint end = Clock::now() + std::chrono::seconds(60);
    while (!child_.try_wait()) {
      if (Clock::now() > end) throw Error(ErrorKind::timeout, "it did not end within a minute");
      write();
      std::array<pollfd, 4> fds{pollfd{child_.pidfd(), POLLIN, 0}, pollfd{child_.out.get(), POLLIN, 0},
                                pollfd{child_.err.get(), POLLIN, 0},
                                pollfd{writes() ? child_.in.get() : -1, POLLOUT, 0}};
      ::poll(fds.data(), fds.size(), 1000);
      read();
    }
    read();
    return {*child_.try_wait(), out_, err_};
  }

 private:
  static posix::ProcessSpec spec(const World& world) {
    posix::ProcessSpec spec;
    spec.argv = world.program();
    spec.env = world.environment();
    return spec;
  }
  bool writes() const { return child_.in && sent_ < session_.bytes.size() && (answered_ || sent_ < session_.pause); }
  void write() {
    if (writes()) {
      const auto until = answered_ ? session_.bytes.size() : session_.pause;
      if (!posix::write_some(child_.in, std::string_view(session_.bytes).substr(0, until), sent_)) child_.in.reset();
    }
    if (sent_ == session_.bytes.size() && !session_.silent) child_.in.reset();
  }
  void read() {
    posix::read_into(child_.out, out_, 256u << 20);
    posix::read_tail(child_.err, err_, 64u << 10);
    if (answered_ || session_.pause == 0) return;
    FrameDecoder decoder(Reader::ms2m);
    decoder.feed(std::string_view(out_).substr(std::min(out_.find('\n'), out_.size() - 1) + 1));
    while (const auto frame = decoder.next()) answered_ |= frame->channel == 2;
  }
  const Session& session_;
  posix::Child child_;
  std::string out_, err_;
  std::size_t sent_ = 0;
  bool answered_ = session_.pause == 0;
};

std::string run_one(const World& world, const Session& session, bool may_stay_frozen, Counts& counts) {
  try {
    const auto result = Leading(world, session).run();
    if (result.status.signal != 0 || (result.status.code != 0 && result.status.code != 3))
      return result.status.text() + "\n" + result.err;
    if (const auto wrong = wrong_answer(result.out, counts); !wrong.empty()) return wrong;
  } catch (const Error& error) {
    return error.what();
  }
  return world.wrong(may_stay_frozen);
}

/// Sessions of its own until the time is over, or one of them was wrong; says which.
void lead_sessions(TimePoint end, std::uint64_t seed, std::atomic<bool>& failed, Counts& counts) {
  World world;
  HandlerInputs inputs;
  for (; Clock::now() < end && !failed; ++seed, ++counts.sessions) {
    Mutator mutator(seed, world.words());
    const Session input = mutator.session();
    decode_everything(input.bytes, mutator);
    world.reset();
    std::string wrong = run_one(world, input, mutator.may_stay_frozen(), counts);
    counts.restores += world.verified();
    for (int i = 0; i < 20 && wrong.empty(); ++i) wrong = inputs.run(mutator);
    if (wrong.empty()) continue;
    failed = true;
    std::printf("seed %llu: %s\nonce more: ms2m_node_fuzz --seconds 1 --seed %llu\n",
                static_cast<unsigned long long>(seed), wrong.c_str(), static_cast<unsigned long long>(seed));
  }
}

int fuzz(std::chrono::seconds time, std::uint64_t seed) {
  constexpr std::uint64_t kSideBySide = 4;  // most of a session is waiting
  constexpr std::uint64_t kApart = 1u << 24;
  std::atomic<bool> failed = false;
  Counts counts;
  std::vector<std::thread> threads;
  const TimePoint end = Clock::now() + time;
  for (std::uint64_t i = 0; i < kSideBySide; ++i)
    threads.emplace_back([&, i] { lead_sessions(end, seed + i * kApart, failed, counts); });
  for (std::thread& each : threads) each.join();
  std::printf("%llu sessions from seed %llu on: %llu answers, %llu errors, %llu restores with data\n",
              static_cast<unsigned long long>(counts.sessions), static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(counts.answers), static_cast<unsigned long long>(counts.errors),
              static_cast<unsigned long long>(counts.restores));
  return !failed && counts.answers > counts.sessions / 2 ? 0 : 1;  // most are greeted at least
}

}  // namespace
}  // namespace ms2m::test

int main(int argc, char** argv) {
  std::uint64_t seconds = 60, seed = std::random_device()();
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return ms2m::test::fuzz(std::chrono::seconds(seconds), seed);
}
