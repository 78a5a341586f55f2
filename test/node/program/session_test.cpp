// A session's beginning and its ends.
#include "session.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "node/protocol/json_text.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

std::string hello_with(const std::string& field, const Json& value) {
  Json json = encode(Hello{kProtocolVersion, 5000, "", "worker-1"});
  json["do"] = "hello";
  json[field] = value;
  return print(json);
}

}  // namespace

TEST_CASE("the programs that a node keeps are removed, but for one that just comes", "[node_program]") {
  const Place place;
  const std::filesystem::path cache = place.system + "/var/cache/ms2m";
  Session session(place.program());
  session.hello();
  CHECK(session.call(ForgetProgram{}).programs == 0);
  const std::string fresh = "ms2m-node-2.new.";
  for (const std::string& name : {std::string("ms2m-node-1"), std::string("ms2m-node-2"), fresh + "999999999",
                                  fresh + std::to_string(::getpid()), std::string("else")})
    put(cache / name, "x");
  std::filesystem::permissions(cache, std::filesystem::perms::all);
  CHECK(thrown_by([&] { session.call(ForgetProgram{}); }).kind == ErrorKind::refused);
  std::filesystem::permissions(cache, std::filesystem::perms::owner_all);
  CHECK(session.call(ForgetProgram{}).programs == 3);
  CHECK(std::filesystem::exists(cache / (fresh + std::to_string(::getpid()))));
  std::filesystem::remove(cache / (fresh + std::to_string(::getpid())));
  CHECK(session.call(ForgetProgram{}).programs == 0);
  CHECK(std::filesystem::exists(cache / "else"));
  std::filesystem::remove(cache / "else");
  CHECK(session.call(ForgetProgram{}).programs == 0);
  CHECK_FALSE(std::filesystem::exists(cache));
}

TEST_CASE("the program itself: greeting, hello, end", "[node_program]") {
  Session session({MS2M_NODE_PROGRAM});
  CHECK(session.greeting.version == kProtocolVersion);
  CHECK(session.greeting.build == posix::Sha256::of(posix::read_file(MS2M_NODE_PROGRAM)).substr(0, 16));
  CHECK(session.greeting.uid == ::geteuid());
  session.hello();
  session.close();
  CHECK(session.wait().ok());
  CHECK(session.err.empty());
}

TEST_CASE("the program is one file that needs nothing on the node", "[node_program]") {
  struct ::stat is {};
  REQUIRE(::stat(MS2M_NODE_PROGRAM, &is) == 0);
  const auto elf = posix::read_file(MS2M_NODE_PROGRAM);
  if (MS2M_NODE_STATIC == 0) return;  // a sanitizer's library comes along
#ifdef NDEBUG
  constexpr off_t kMost = 8 << 20;
#else
  constexpr off_t kMost = 9 << 20;
#endif
  CHECK(is.st_size <= kMost);
  CHECK(elf.find("/ld-linux") == std::string::npos);
  const auto said = posix::run_process({MS2M_NODE_PROGRAM, "--root"}, {}, "the program");
  CHECK(said.status.code == 2);
}

TEST_CASE("the node's configuration of OpenSSL is for the node's OpenSSL", "[node_program]") {
  const Place place;
  put(place.path("openssl.cnf"),
      "openssl_conf = init\n[init]\nalg_section = algorithms\n[algorithms]\ndefault_properties = fips=yes\n");
  put(place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar", "x");
  Session session(place.program(), {{"OPENSSL_CONF", place.path("openssl.cnf")}});
  session.hello();
  const auto channel =
      session.begin(ReadArchive{place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar"});
  session.send(FrameKind::credit, channel, credit_payload(1));
  CHECK(session.finish<ReadArchive>(channel).sha256 == posix::Sha256::of("x"));
}

TEST_CASE("another version of the protocol is refused, and nothing else is said", "[node_program]") {
  const Place place;
  Session session(place.program());
  session.send(FrameKind::request, 1, hello_with("version", 99));
  const Thrown error = thrown_by([&] { session.answer(1); });
  CHECK(error.kind == ErrorKind::refused);
  CHECK_THAT(error.text,
             Contains("worker-1") && Contains("version " + std::to_string(kProtocolVersion)) && Contains("version 99"));
  CHECK_FALSE(session.wait().ok());
}

TEST_CASE("a session begins with hello", "[node_program]") {
  const Place place;
  for (const std::string& first :
       {encode_frame(FrameKind::request, 1, print_message(Thaw{"c"})),
        encode_frame(FrameKind::request, 2, hello_with("node", "n")), encode_frame(FrameKind::cancel, 1),
        encode_frame(FrameKind::request, 1, hello_with("silence_ms", "long")), std::string(9, '\xff')}) {
    Session session(place.program());
    session.send_raw(first);
    CHECK_FALSE(session.wait().ok());
    CHECK_THAT(session.err, Contains("ms2m-node: "));
  }
}

TEST_CASE("requests that are wrong are answered; what is no request ends the session", "[node_program]") {
  const Place place;
  Session session(place.program());
  session.hello();
  session.send(FrameKind::request, 2, R"({"do":"juggle"})");
  CHECK_THAT(thrown_by([&] { session.answer(2); }).text, Contains("juggle"));
  session.send(FrameKind::request, 3, R"({"do":"thaw"})");
  CHECK(thrown_by([&] { session.answer(3); }).kind == ErrorKind::protocol);
  session.send(FrameKind::request, 4, R"({"do":"thaw","container":"../../x"})");
  CHECK(thrown_by([&] { session.answer(4); }).kind == ErrorKind::usage);
  // What comes for a channel that is answered is late, not wrong.
  session.send(FrameKind::cancel, 4);
  session.send(FrameKind::data, 4, "late");
  session.send(FrameKind::request, 5, R"({"do":"hello"})");
  CHECK(thrown_by([&] { session.answer(5); }).kind == ErrorKind::protocol);
  for (const auto& [frame, said] : std::vector<std::pair<std::string, std::string>>{
           {encode_frame(FrameKind::request, 5, R"({"do":"look"})"), "used before"},
           {encode_frame(FrameKind::data, 9, "x"), "no request on channel 9"},
           {encode_frame(FrameKind::request, 6, "[]"), "no JSON object"},
           {encode_frame(FrameKind::request, 6, "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}"),
            "nested"},
           {std::string("\xff\xff\xff\xff\x04\0\0\0\x02", 9), "kind 4"}}) {
    Session other(place.program());
    other.hello();
    if (said == "used before") other.begin(ListArchives{{"/nowhere/checkpoints", "a", "b", "c"}}), other.answer(2);
    other.send_raw(said == "used before" ? encode_frame(FrameKind::request, 2, R"({"do":"look"})") : frame);
    CHECK_FALSE(other.wait().ok());
    CHECK_THAT(other.err, Contains(said));
  }
}

TEST_CASE("too many requests at a time end the session", "[node_program]") {
  const Place place;
  const std::string archive = place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar";
  put(archive, "x");
  std::ofstream writer(archive, std::ios::app);  // complete it is never
  Session session(place.program());
  session.hello();
  for (std::size_t i = 0; i <= kMaxChannels; ++i) session.begin(WaitArchive{archive, {}});
  CHECK_FALSE(session.wait().ok());
  CHECK_THAT(session.err, Contains("too many"));
}

TEST_CASE("a request is cancelled, others go on", "[node_program]") {
  const Place place;
  const std::string archive = place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar";
  put(archive, "x");
  std::ofstream writer(archive, std::ios::app);
  Session session(place.program());
  session.hello();
  const auto first = session.begin(WaitArchive{archive, {}}), second = session.begin(WaitArchive{archive, {}});
  session.send(FrameKind::cancel, first);
  CHECK(thrown_by([&] { session.answer(first); }).cancelled);
  writer.close();
  CHECK_NOTHROW(session.answer(second));
}

TEST_CASE("silence ends the session, and heartbeats keep it", "[node_program]") {
  const Place place;
  Session session(place.program());
  session.hello(Millis{2000});
  for (int i = 0; i < 12; ++i) {  // three times as long
    session.send(FrameKind::heartbeat, 0);
    std::this_thread::sleep_for(Millis{500});
  }
  CHECK_NOTHROW(session.call(ListArchives{{"/nowhere/checkpoints", "a", "b", "c"}}));
  CHECK(session.heartbeats >= 4);
  const TimePoint last = Clock::now();
  CHECK_FALSE(session.wait().ok());
  const double after = seconds_between(last, Clock::now());
  CHECK(after >= 1.9);
  CHECK(after < 30);
  CHECK_THAT(session.err, Contains("nothing was heard"));
}

TEST_CASE("signals end the session in order, and the guard with it", "[node_program]") {
  const Place place;
  for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
    Session session(place.program());
    session.hello();
    const int guard = session.guard();
    CHECK(alive(guard));
    ::kill(session.child.pid(), signal);
    CHECK(session.wait().ok());
    CHECK_FALSE(alive(guard));
  }
}

TEST_CASE("without its guard the program ends", "[node_program]") {
  const Place place;
  Session session(place.program());
  session.hello();
  ::kill(session.guard(), SIGKILL);
  CHECK_FALSE(session.wait().ok());
  CHECK_THAT(session.err, Contains("guard"));
}

TEST_CASE("the guard keeps none of the session's streams open", "[node_program]") {
  const Place place;
  Session session(place.program());
  session.hello();
  const int guard = session.guard();
  const auto has_pipe = [&] {
    for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(guard) + "/fd"))
      if (std::filesystem::read_symlink(fd).string().starts_with("pipe:")) return true;
    return false;
  };
  CHECK(becomes_true([&] { return !has_pipe(); }));  // it begins beside the program
  CHECK(::getsid(guard) == guard);
}
