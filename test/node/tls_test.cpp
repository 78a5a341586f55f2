// Connections of two that know each other's certificate: over the loopback, some with somebody in between.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"
#include "wrap/tls/door.hpp"
#include "wrap/tls/tcp.hpp"

using namespace ms2m;
using namespace ms2m::tls;
using Catch::Contains;

namespace {

constexpr const char* kHere = "127.0.0.1";
constexpr std::size_t kRecord = 16u << 10;

StopToken soon() { return StopToken().within(std::chrono::seconds(60)); }
constexpr Millis kPatience{30000};  // of a connection to this machine

/// What `act` throws, or why it did not.
Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::usage, "nothing was thrown");
}

/// A listening socket, and where it listens.
struct Listening {
  posix::UniqueFd socket = listen_at(kHere, 0);
  std::uint16_t port = port_of(socket);
  std::vector<posix::UniqueFd> all() {
    std::vector<posix::UniqueFd> sockets;
    sockets.push_back(std::move(socket));
    return sockets;
  }
};

/// Both ends; `between`: the port of whoever passes the bytes on.
struct Two {
  Identity client_key, server_key;
  Listening listening;
  std::unique_ptr<Connection> client, server;
  std::optional<Error> refused;

  void connect(std::uint16_t port, const std::string& client_takes, const std::string& server_takes,
               Millis limit = std::chrono::seconds(60)) {
    Door door(listening.all(), server_key, server_takes);
    std::thread other([&] {
      try {
        client = std::make_unique<Connection>(connect_to(kHere, port, kPatience, soon()), Side::client, client_key,
                                              client_takes);
        client->shake_hands(soon());
      } catch (const Error& error) {
        refused = error;
      }
    });
    try {
      server = door.admit(StopToken().within(limit));
    } catch (const Error&) {
    }
    other.join();
    strangers = door.strangers();
  }
  void connect() { connect(listening.port, server_key.fingerprint(), client_key.fingerprint()); }
  std::uint64_t strangers = 0;
};

std::string received(Connection& from) {
  std::string all, chunk(kRecord, '\0');
  while (const std::size_t got = from.receive(chunk, soon())) all.append(chunk, 0, got);
  return all;
}

std::string long_text() {
  std::string text(1'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 257);
  return text;
}

void write_all(const posix::UniqueFd& to, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd room{to.get(), POLLOUT, 0};
    ::poll(&room, 1, 60'000);
    const auto wrote = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno == EAGAIN) continue;
    if (wrote < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

/// Somebody between client and server, who passes on what the server says, and of what the client says each TLS record
/// as `tamper` would have it, counted from 0.
class Between {
 public:
  using Tamper = std::function<std::string(int record, const std::string& bytes)>;
  Between(std::uint16_t to, Tamper tamper) : tamper_(std::move(tamper)), thread_([this, to] { run(to); }) {}
  ~Between() { thread_.join(); }
  std::uint16_t port() const { return listening_.port; }

 private:
  void run(std::uint16_t to) {
    pollfd comes{listening_.socket.get(), POLLIN, 0};
    ::poll(&comes, 1, 60'000);
    client_ = accept_from(listening_.socket);
    server_ = connect_to(kHere, to, kPatience, soon());
    while (client_ && server_) {
      std::array<pollfd, 2> fds{{{client_.get(), POLLIN, 0}, {server_.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), 60'000) <= 0) return;
      if (fds[1].revents != 0 && !pass_on()) break;
      if (fds[0].revents != 0 && !take()) break;
    }
    client_.reset();
    server_.reset();
  }
  bool pass_on() {
    std::string bytes(65536, '\0');
    const auto got = ::read(server_.get(), bytes.data(), bytes.size());
    if (got <= 0) return got < 0 && errno == EAGAIN;
    write_all(client_, std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
    return true;
  }
  /// False: that was all.
  bool take() {
    std::string bytes(65536, '\0');
    const auto got = ::read(client_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) return false;
    came_.append(bytes, 0, static_cast<std::size_t>(got));
    constexpr std::size_t kHead = 5;
    while (came_.size() >= kHead) {
      const std::size_t size =
          kHead + static_cast<unsigned char>(came_[3]) * 256u + static_cast<unsigned char>(came_[4]);
      if (came_.size() < size) break;
      const std::string record = came_.substr(0, size);
      came_.erase(0, size);
      const std::string instead = record[0] == 23 ? tamper_(count_++, record) : record;
      if (instead == "cut") return false;
      write_all(server_, instead);
    }
    return true;
  }

  Tamper tamper_;
  Listening listening_;
  posix::UniqueFd client_, server_;
  std::string came_;
  int count_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a stream arrives as it was sent, and its end is told", "[tls]") {
  Two two;
  two.connect();
  REQUIRE(two.server);
  REQUIRE(two.client);
  const std::string text = long_text();
  std::thread sender([&] {
    two.client->send(text, soon());
    two.client->end(soon());
  });
  const std::string arrived = received(*two.server);
  sender.join();
  CHECK((arrived == text));
  CHECK(two.strangers == 0);
}

TEST_CASE("each key is another one, and known by its certificate", "[tls]") {
  const Identity one, other;
  CHECK(one.fingerprint().size() == 64);
  CHECK(one.fingerprint() != other.fingerprint());
}

TEST_CASE("who has another certificate is let in nowhere", "[tls]") {
  const Identity somebody;
  SECTION("a server that is not the one") {
    Two two;
    two.connect(two.listening.port, somebody.fingerprint(), two.client_key.fingerprint(), Millis{3000});
    REQUIRE(two.refused);
    CHECK(two.refused->kind() == ErrorKind::forbidden);
    CHECK_THAT(two.refused->what(), Contains("another certificate"));
    CHECK_FALSE(two.server);
  }
  SECTION("a client that is not the one") {
    Two two;
    two.connect(two.listening.port, two.server_key.fingerprint(), somebody.fingerprint(), Millis{3000});
    CHECK_FALSE(two.server);
    CHECK(two.strangers == 1);
    // It hears of that when it listens.
    REQUIRE(two.client);
    CHECK(error_of([&] { received(*two.client); }).kind() == ErrorKind::unavailable);
  }
  SECTION("the right words, of another length") {
    Two two;
    two.connect(two.listening.port, two.server_key.fingerprint() + "0", two.client_key.fingerprint(), Millis{3000});
    REQUIRE(two.refused);
    CHECK(two.refused->kind() == ErrorKind::forbidden);
  }
}

TEST_CASE("strangers at the door hold up nobody", "[tls]") {
  Two two;
  std::vector<posix::UniqueFd> silent;  // more than may wait
  for (std::size_t i = 0; i < Door::kMostWaiting + 2; ++i)
    silent.push_back(connect_to(kHere, two.listening.port, kPatience, soon()));
  write_all(silent.front(), "GET / HTTP/1.1\r\n\r\n");
  const TimePoint begun = Clock::now();
  two.connect();
  CHECK(two.server);
  CHECK_FALSE(two.refused);
  CHECK(two.strangers >= 1);
  CHECK(seconds_between(begun, Clock::now()) < 30);
}

TEST_CASE("who says nothing is turned away in time", "[tls]") {
  Two two;
  const auto silent = connect_to(kHere, two.listening.port, kPatience, soon());
  const Identity own;
  Door door(two.listening.all(), own, two.client_key.fingerprint());
  const auto error = error_of([&] { door.admit(StopToken().within(Door::kPatience + Millis{3000})); });
  CHECK(error.kind() == ErrorKind::timeout);
  CHECK(door.strangers() == 1);
}

TEST_CASE("what somebody in between does to a stream is seen", "[tls]") {
  const std::string text = long_text();
  std::string kept;
  // The client's first record of this type is the end of its handshake.
  const std::map<std::string, Between::Tamper> all{
      {"corrupted",
       [](int record, std::string bytes) {
         if (record == 20) bytes[100] = static_cast<char>(bytes[100] ^ 1);
         return bytes;
       }},
      {"left out", [](int record, const std::string& bytes) { return record == 20 ? std::string() : bytes; }},
      {"reordered",
       [&](int record, const std::string& bytes) {
         if (record == 20) return kept = bytes, std::string();
         return record == 21 ? bytes + kept : bytes;
       }},
      {"doubled", [](int record, const std::string& bytes) { return record == 20 ? bytes + bytes : bytes; }},
      {"lengthened",
       [](int record, const std::string& bytes) {
         return record == 20 ? bytes + std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x') : bytes;
       }},
      {"cut", [](int record, const std::string& bytes) { return record == 20 ? "cut" : bytes; }}};
  for (const auto& [what, tamper] : all) {
    INFO(what);
    Two two;
    Between between(two.listening.port, tamper);
    two.connect(between.port(), two.server_key.fingerprint(), two.client_key.fingerprint());
    REQUIRE(two.server);
    std::thread sender([&] {
      try {
        two.client->send(text, soon());
        two.client->end(soon());
      } catch (const Error&) {  // the other side has given up
      }
    });
    const auto error = error_of([&] { received(*two.server); });
    two.server.reset();
    sender.join();
    two.client.reset();
    CHECK(error.kind() == ErrorKind::unavailable);
  }
}

TEST_CASE("who reads nothing holds up the sender, who can be stopped", "[tls]") {
  Two two;
  two.connect();
  REQUIRE(two.client);
  const std::string much(64 << 20, 'x');  // more than the kernel takes
  const TimePoint begun = Clock::now();
  const auto error = error_of([&] { two.client->send(much, StopToken().within(Millis{300})); });
  CHECK(error.kind() == ErrorKind::timeout);
  StopSource source;
  std::thread later([&] { source.request_stop(); });
  CHECK_THROWS_AS(two.client->send(much, source.token()), Cancelled);
  later.join();
  CHECK(seconds_between(begun, Clock::now()) < 30);
}

TEST_CASE("a connection that nobody answers, and one that is refused", "[tls]") {
  const test::DeafPort deaf;
  const std::uint16_t port = deaf.number;
  const auto refused = error_of([&] { connect_to(kHere, port, kPatience, soon()); });
  CHECK(refused.kind() == ErrorKind::unavailable);
  CHECK(std::string(refused.what()) == "connecting to 127.0.0.1:" + std::to_string(port) + ": Connection refused");

  // A queue that is full drops whoever comes, as a filter does.
  const Listening full;
  ::listen(full.socket.get(), 0);
  std::vector<posix::UniqueFd> waiting;
  const TimePoint begun = Clock::now();
  const auto silent = error_of([&] {
    for (int i = 0; i < 20; ++i) waiting.push_back(connect_to(kHere, full.port, std::chrono::seconds(1), soon()));
  });
  CHECK(silent.kind() == ErrorKind::unavailable);
  CHECK_THAT(silent.what(), Contains("no answer within 1 s"));
  CHECK(seconds_between(begun, Clock::now()) < 30);

  CHECK(error_of([&] { connect_to("localhost", port, std::chrono::seconds(1), soon()); }).kind() == ErrorKind::usage);
  CHECK(error_of([&] { listen_at("192.0.2.1", 0); }).kind() == ErrorKind::unavailable);
  CHECK(end_text("fd00::12", 4711) == "[fd00::12]:4711");
}

TEST_CASE("over IPv6 as well", "[tls]") {
  const auto listening = listen_at("::1", 0);
  CHECK_NOTHROW(connect_to("::1", port_of(listening), kPatience, soon()));
}
