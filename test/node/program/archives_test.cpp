// The kubelet's archives, by requests.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "session.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Archives {
  Archives() : session(place.program()) {
    fs::create_directories(directory);
    session.hello();
  }
  std::string file(const std::string& time, const std::string& container = "consumer") const {
    return directory + "/checkpoint-consumer-0_default-" + container + "-" + time + ".tar";
  }
  std::vector<std::string> list(const std::string& where) {
    std::vector<std::string> paths;
    for (const ArchiveFile& each : session.call(ListArchives{{where, "default", "consumer-0", "consumer"}}).files)
      paths.push_back(each.path);
    return paths;
  }
  /// The stream of an archive, all credit given at once.
  std::string read(const std::string& path, StreamEnd* end = nullptr, StreamProgress* first = nullptr) {
    const auto channel = session.begin(ReadArchive{path});
    session.send(FrameKind::credit, channel, credit_payload(1u << 30));
    std::string bytes;
    for (;;) {
      const Frame frame = session.next_of(channel);
      if (frame.kind == FrameKind::data) bytes += frame.payload;
      if (frame.kind == FrameKind::progress && first != nullptr) *first = parse_message<StreamProgress>(frame.payload);
      if (frame.kind == FrameKind::end && end != nullptr) *end = parse_message<StreamEnd>(frame.payload);
      if (frame.kind == FrameKind::error) throw_error(frame.payload);
      if (frame.kind == FrameKind::answer) return bytes;
    }
  }
  Place place;
  std::string directory = place.kubelet + "/checkpoints";
  Session session;
};

const std::string kOne = "2026-11-21T21:21:02Z", kTwo = "2026-11-21T21:21:03Z", kThree = "2026-11-21T21:21:04+01:00";

void set_age(const std::string& path, std::chrono::seconds age) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - age);
}

}  // namespace

TEST_CASE("archives of one container, oldest first", "[node_program]") {
  Archives node;
  put(node.file(kOne), "111");
  put(node.file(kTwo), "22");
  put(node.file(kThree), "");
  set_age(node.file(kOne), std::chrono::seconds(10));
  set_age(node.file(kTwo), std::chrono::seconds(20));
  put(node.file(kOne, "consumer-x"), "another container's");
  put(node.directory + "/checkpoint-consumer-0_default-consumer-.tar", "no time");
  fs::create_symlink(node.file(kOne), node.file("2026-11-21T21:21:05Z"));
  fs::create_directory(node.file("2026-11-21T21:21:06Z"));
  CHECK(node.list(node.directory) == std::vector<std::string>{node.file(kTwo), node.file(kOne), node.file(kThree)});
  const auto files = node.session.call(ListArchives{{node.directory, "default", "consumer-0", "consumer"}}).files;
  CHECK(files[0].bytes == Bytes{2});
  CHECK(node.list(node.place.path("nowhere/checkpoints")).empty());
  for (const char* bad : {"/etc", "", "checkpoints", "/a/../checkpoints"})
    CHECK(thrown_by([&] { node.list(bad); }).kind == ErrorKind::refused);
}

TEST_CASE("an archive that comes yet is waited for", "[node_program]") {
  Archives node;
  put(node.file(kOne), "1");
  const ArchivesOf of{node.directory, "default", "consumer-0", "consumer"};
  const auto wait = [&](const ArchivesOf& where, std::vector<std::string> known, std::uint64_t ms) {
    return node.session.begin(ListArchives{where, std::move(known), "", ms});
  };
  const auto answer = [&](std::uint32_t channel) {
    return parse_message<ArchiveList>(node.session.answer(channel)).files.size();
  };
  constexpr std::uint64_t kLong = 600'000;
  CHECK(answer(wait(of, {}, kLong)) == 1);
  const TimePoint begin = Clock::now();
  CHECK(answer(wait(of, {node.file(kOne)}, 700)) == 1);
  CHECK(Clock::now() - begin >= Millis{700});

  const auto coming = wait(of, {node.file(kOne)}, kLong);
  put(node.file(kOne, "consumer-x"), "another container's");
  put(node.file(kTwo), "2");
  CHECK(answer(coming) == 2);

  const std::string later = node.place.path("later/checkpoints");  // as on a node that has made none yet
  const auto first = wait({later, "default", "consumer-0", "consumer"}, {}, kLong);
  fs::create_directories(later);
  put(later + "/" + fs::path(node.file(kOne)).filename().string(), "1");
  CHECK(answer(first) == 1);

  const std::string id(64, 'd');  // as a runtime's command line has it that makes a checkpoint
  const pid_t runtime = ::fork();
  if (runtime == 0) ::execlp("sh", "sh", "-c", "while :; do sleep 1; done", "checkpoint", id.c_str(), nullptr);
  const std::string started = "/proc/" + std::to_string(runtime) + "/cmdline";
  for (const TimePoint limit = Clock::now() + std::chrono::minutes(1);
       content(started).find(id) == std::string::npos;) {
    REQUIRE(Clock::now() < limit);
    std::this_thread::sleep_for(Millis{5});
  }
  const std::vector<std::string> known{node.file(kOne), node.file(kTwo)};
  const auto dumped = node.session.begin(ListArchives{of, known, "cri-o://" + id, 300});
  std::this_thread::sleep_for(Millis{900});
  put(node.file(kThree), "3");
  CHECK(answer(dumped) == 3);
  ::kill(runtime, SIGKILL);
  ::waitpid(runtime, nullptr, 0);
  fs::remove(node.file(kThree));
  CHECK(answer(node.session.begin(ListArchives{of, known, "cri-o://" + id, 300})) == 2);

  const auto ended = wait(of, known, kLong);
  node.session.send(FrameKind::cancel, ended, "");
  CHECK_THROWS(node.session.answer(ended));
}

TEST_CASE("a kubelet's directory may be a link of root's, of nobody else's", "[node_program]") {
  Archives node;
  put(node.file(kOne), "1");
  const std::string link = node.place.path("link");
  fs::create_directory_symlink(node.place.kubelet, link);
  CHECK(node.list(link + "/checkpoints").size() == 1);
  if (::geteuid() != 0) return;
  REQUIRE(::lchown(link.c_str(), 12345, 12345) == 0);
  CHECK(thrown_by([&] { node.list(link + "/checkpoints"); }).kind == ErrorKind::refused);
  CHECK(thrown_by([&] {
          node.session.call(RemoveArchive{link + "/checkpoints/" + fs::path(node.file(kOne)).filename().string()});
        }).kind == ErrorKind::refused);
  CHECK(fs::exists(node.file(kOne)));
}

TEST_CASE("removing an archive", "[node_program]") {
  Archives node;
  put(node.file(kOne), "1");
  put(node.place.path("other"), "stays");
  fs::create_symlink(node.place.path("other"), node.file(kTwo));
  CHECK(node.session.call(RemoveArchive{node.file(kOne)}).found);
  CHECK_FALSE(fs::exists(node.file(kOne)));
  CHECK_FALSE(node.session.call(RemoveArchive{node.file(kOne)}).found);
  CHECK(node.session.call(RemoveArchive{node.file(kTwo)}).found);  // the link, not what it leads to
  CHECK(content(node.place.path("other")) == "stays");
  for (const std::string& bad : {node.place.path("other"), std::string("/etc/passwd"),
                                 node.directory + "/../checkpoints/" + fs::path(node.file(kOne)).filename().string()})
    CHECK(thrown_by([&] { node.session.call(RemoveArchive{bad}); }).kind == ErrorKind::refused);
}

TEST_CASE("an archive is complete when nobody writes it any more", "[node_program]") {
  Archives node;
  CHECK(thrown_by([&] { node.session.call(WaitArchive{node.file(kOne), {}}); }).kind == ErrorKind::not_found);
  put(node.file(kOne), "1");
  CHECK_NOTHROW(node.session.call(WaitArchive{node.file(kOne), 10000}));

  std::ofstream writer(node.file(kOne), std::ios::app);
  CHECK(thrown_by([&] { node.session.call(WaitArchive{node.file(kOne), 700}); }).kind == ErrorKind::timeout);
  const auto channel = node.session.begin(WaitArchive{node.file(kOne), 10000});
  writer << "2" << std::flush;
  writer.close();
  CHECK_NOTHROW(node.session.answer(channel));

  std::ofstream another(node.file(kOne), std::ios::app);
  const auto gone = node.session.begin(WaitArchive{node.file(kOne), 10000});
  fs::remove(node.file(kOne));
  CHECK(thrown_by([&] { node.session.answer(gone); }).kind == ErrorKind::not_found);
}

TEST_CASE("an archive as a stream", "[node_program]") {
  Archives node;
  std::string bytes(3'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  put(node.file(kOne), bytes);
  put(node.file(kTwo), "");
  StreamEnd end;
  StreamProgress first;
  CHECK((node.read(node.file(kOne), &end, &first) == bytes));
  CHECK(first.total == Bytes{bytes.size()});
  CHECK(end.bytes == Bytes{bytes.size()});
  CHECK(end.sha256 == posix::Sha256::of(bytes));
  CHECK(node.read(node.file(kTwo), &end).empty());
  CHECK(end.sha256 == posix::Sha256::of(""));
  CHECK_THAT(thrown_by([&] { node.read(node.file(kThree)); }).text, Contains("no such file"));
  fs::create_symlink("/etc/passwd", node.file(kThree));
  CHECK_THAT(thrown_by([&] { node.read(node.file(kThree)); }).text, Contains("no such file"));
  fs::remove(node.file(kThree));
  REQUIRE(::mkfifo(node.file(kThree).c_str(), 0600) == 0);
  CHECK_THAT(thrown_by([&] { node.read(node.file(kThree)); }).text, Contains("no such file"));
}

TEST_CASE("a file that grows or shrinks while it is read is no archive", "[node_program]") {
  Archives node;
  const std::string path = node.file(kOne);
  for (const bool grows : {true, false}) {
    put(path, std::string(8 << 20, 'x'));
    const auto channel = node.session.begin(ReadArchive{path});
    CHECK(node.session.next_of(channel).kind == FrameKind::progress);
    if (grows)
      std::ofstream(path, std::ios::app) << "more";
    else
      fs::resize_file(path, 4 << 20);
    node.session.send(FrameKind::credit, channel, credit_payload(1u << 30));
    const Thrown error = thrown_by([&] { node.session.answer(channel); });
    CHECK(error.kind == ErrorKind::failed);
    CHECK_THAT(error.text, Contains(grows ? "grew" : "gave only 4194304 of 8388608"));
  }
}

TEST_CASE("a reader that grants no credit holds nothing else up", "[node_program]") {
  Archives node;
  put(node.file(kOne), std::string(16 << 20, 'x'));
  Session session(node.place.program());
  session.hello(Millis{3000});
  std::vector<std::uint32_t> stalled;
  for (int i = 0; i < 8; ++i) stalled.push_back(session.begin(ReadArchive{node.file(kOne)}));
  session.send(FrameKind::credit, stalled[0], credit_payload(100));
  std::size_t data = 0;
  for (int i = 0; i < 15; ++i) {
    std::this_thread::sleep_for(Millis{300});
    session.send(FrameKind::heartbeat, 0);
    if (i == 7) CHECK_NOTHROW(session.call(ListArchives{{node.directory, "default", "consumer-0", "consumer"}}));
  }
  session.send(FrameKind::cancel, stalled[0]);
  for (bool answered = false; !answered;) {
    const Frame frame = session.next_of(stalled[0]);
    if (frame.kind == FrameKind::data) data += frame.payload.size();
    answered = frame.kind == FrameKind::error;
  }
  CHECK(data <= 100);
  CHECK(session.heartbeats >= 3);
  session.close();
  CHECK(session.wait().ok());
}
