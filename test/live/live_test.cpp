// What a running ms2m tells others on its machine, over real sockets.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "live/place.hpp"
#include "live/reader.hpp"
#include "live/server.hpp"
#include "ms2m/error.hpp"
#include "report/event_json.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/local_socket.hpp"

using namespace ms2m;
namespace fs = std::filesystem;

namespace {

struct Heard final : Observer {
  void on(const Event& event) noexcept override { events.push_back(event); }
  std::vector<Event> events;
};

struct Room {
  posix::TempDir dir;
  fs::path sockets = dir.path() / std::string(90, 'x') / ".live";  // longer than an address can be
  Heard inner;
  Dials dials;
  std::unique_ptr<Observer> server = live::make_server(sockets, {"migrate", "", "", &dials}, inner);

  std::unique_ptr<Listener> listen() const {
    auto all = live::listen_to_all(sockets);
    REQUIRE(all.size() == 1);
    return std::move(all.front());
  }
  static Json next(Listener& listener) { return listener.next(StopToken().within(Millis{60000})).value(); }
  void tell(Event::Type type, Phase phase, const std::string& text, std::uint64_t done = 0) {
    Event event;
    event.type = type;
    event.phase = phase;
    event.text = text;
    event.done = Bytes{done};
    event.total = Bytes{100};
    server->on(event);
  }
  fs::path socket() const {
    const auto all = live::sockets_in(sockets);
    REQUIRE(all.size() == 1);
    CHECK(all.front().pid == ::getpid());
    return all.front().path;
  }
};

}  // namespace

TEST_CASE("live: who listens gets the state, then each event, then the end", "[live]") {
  Room room;
  const auto early = room.listen();
  const Json first = Room::next(*early);
  CHECK(first.at("kind") == "state");
  CHECK(first.at("command") == "migrate");
  CHECK(first.at("id").is_null());
  CHECK(first.at("phase").is_null());
  CHECK(first.at("pid") == ::getpid());
  CHECK(early->pid() == ::getpid());
  room.tell(Event::Type::phase_started, Phase::transferring, "");
  room.tell(Event::Type::step, Phase::transferring, "send the archive");
  room.tell(Event::Type::progress, Phase::transferring, "", 40);
  const auto late = room.listen();
  const Json state = Room::next(*late);
  CHECK(state.at("phase") == "Transferring");
  CHECK(state.at("text") == "send the archive");
  CHECK(state.at("bytes") == 40);
  CHECK(state.at("total_bytes") == 100);
  CHECK(state.at("phase_s").get<double>() >= 0);
  CHECK(Room::next(*early).at("type") == "phase_started");
  const auto step = report::event_of(Room::next(*early));
  REQUIRE(step);
  CHECK(step->type == Event::Type::step);
  CHECK(step->phase == Phase::transferring);
  CHECK(step->text == "send the archive");
  const auto progress = report::event_of(Room::next(*early));
  REQUIRE(progress);
  CHECK(progress->done == Bytes{40});
  CHECK(progress->total == Bytes{100});
  CHECK(room.inner.events.size() == 3);
  room.server.reset();
  CHECK_FALSE(early->next({}));
  CHECK_FALSE(late->next({}));
  CHECK(live::sockets_in(room.sockets).empty());
  CHECK(live::listen_to_all(room.sockets).empty());
}

TEST_CASE("live: the socket is its user's alone, and what was killed leaves one that the next takes away", "[live]") {
  Room room;
  struct stat info {};
  REQUIRE(::stat(room.socket().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::stat(room.sockets.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  const std::string host = room.socket().filename().string().substr(0, room.socket().filename().string().find('.'));
  const fs::path dead = room.sockets / (host + ".999999999.abc234.sock"), other = room.sockets / "note.txt",
                 elsewhere = room.sockets / "another-machine.17.abc234.sock";
  { posix::UniqueFd gone = posix::listen_at(dead); }
  { posix::UniqueFd gone = posix::listen_at(elsewhere); }
  std::ofstream(other) << "no socket";
  CHECK(fs::exists(dead));
  CHECK(live::listen_to_all(room.sockets).size() == 1);
  room.server.reset();
  room.server = live::make_server(room.sockets, {"abort", "m7k2q9", "shop/orders-0"}, room.inner);
  CHECK_FALSE(fs::exists(dead));
  CHECK(fs::exists(elsewhere));  // whether that one is dead, its machine knows
  CHECK(fs::exists(other));
  CHECK(Room::next(*room.listen()).at("id") == "m7k2q9");
}

TEST_CASE("live: who does not read stops nobody and is let go", "[live]") {
  Room room;
  const auto asleep = room.listen(), awake = room.listen();
  Room::next(*asleep);
  Room::next(*awake);
  const std::string text(1000, 'x');
  std::size_t seen = 0;
  for (int i = 0; i < 5000; ++i) {
    room.tell(Event::Type::step, Phase::restoring, text);
    if (Room::next(*awake).at("kind") == "event") ++seen;
  }
  CHECK(seen == 5000);
  std::size_t kept = 0;
  while (asleep->next(StopToken().within(Millis{60000}))) ++kept;
  CHECK(kept < 5000);
}

TEST_CASE("live: more listeners than there is room for are turned away", "[live]") {
  Room room;
  std::vector<std::unique_ptr<Listener>> all;
  for (int i = 0; i < 40; ++i) all.push_back(room.listen());
  int told = 0;
  for (const auto& each : all) try {
      told += each->next(StopToken().within(Millis{60000})) ? 1 : 0;
    } catch (const Error&) {  // before it had a place in the queue
    }
  CHECK(told > 0);
  CHECK(told <= 16);
}

TEST_CASE("live: an end, a stop and a deadline are told apart", "[live]") {
  Room room;
  const auto listener = room.listen();
  Room::next(*listener);
  try {
    (void)listener->next(StopToken().within(Millis{20}));
    FAIL("nothing was said");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::timeout);
  }
  StopSource stop;
  std::thread later([&] { stop.request_stop(); });
  CHECK_THROWS_AS(listener->next(stop.token()), Cancelled);
  later.join();
}

TEST_CASE("live: one that takes nobody keeps nobody waiting", "[live]") {
  posix::TempDir dir;
  const fs::path stopped = live::new_socket(dir.path());
  const posix::UniqueFd listening = posix::listen_at(stopped);
  std::vector<posix::UniqueFd> before;
  for (int i = 0; i < 100; ++i) {
    auto next = posix::connect_to(stopped);
    REQUIRE(next);
    if (!*next) break;
    before.push_back(std::move(*next));
  }
  CHECK(before.size() < 100);
  Heard inner;
  const auto server = live::make_server(dir.path(), {"migrate", "", ""}, inner);  // it takes away who is dead, alone
  CHECK(fs::exists(stopped));
  std::size_t silent = 0, told = 0;
  for (const auto& each : live::listen_to_all(dir.path())) try {
      told += each->next(StopToken().within(Millis{6000})) ? 1 : 0;
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::timeout);
      ++silent;
    }
  CHECK(silent == 1);
  CHECK(told == 1);
}

TEST_CASE("live: where no socket can be made, the migration goes on unheard", "[live]") {
  posix::TempDir dir;
  std::ofstream(dir.path() / "file") << "no directory";
  Heard inner;
  const auto server = live::make_server(dir.path() / "file" / ".live", {"migrate", "", ""}, inner);
  server->on(Event{});
  CHECK(inner.events.size() == 1);
  CHECK(live::listen_to_all(dir.path() / "file" / ".live").empty());
}

TEST_CASE("live: who is told to change it does, or says why not", "[live][set]") {
  Room room;
  const auto asker = room.listen(), other = room.listen();
  Room::next(*asker);
  Room::next(*other);
  const auto ask = [&](const Json& line) {
    REQUIRE(asker->say(line));
    Json answer = Room::next(*asker);
    while (answer.at("kind") != "answer") answer = Room::next(*asker);
    return answer;
  };
  const Json wish{{"kind", "set"}, {"id", "m7k2q9"}, {"bandwidth", 5000}, {"downtime_limit_ms", 700}};
  CHECK_FALSE(ask(wish).at("ok"));  // it has not begun
  std::vector<Dials::Wish> kept;
  room.dials.open("m7k2q9", {Millis{300}, Bytes{0}}, [&](const Dials::Wish& each) { kept.push_back(each); });
  CHECK(ask(wish).at("ok"));
  CHECK(room.dials.bandwidth() == Bytes{5000});
  CHECK(room.dials.downtime_limit() == Millis{700});
  REQUIRE(kept.size() == 1);
  const Json note = Room::next(*other);
  CHECK(note.at("type") == "note");
  CHECK_THAT(note.at("text").get<std::string>(), Catch::Matchers::Contains("5000 bytes a second"));
  room.dials.close_downtime_limit("too late: x");
  CHECK(ask(wish).at("error") == "too late: x");
  CHECK(room.dials.bandwidth() == Bytes{5000});
  CHECK(ask({{"kind", "set"}, {"id", "m7k2q9"}, {"bandwidth", 0}}).at("ok"));
  CHECK_FALSE(room.dials.bandwidth());
  for (const Json& odd : {Json{{"kind", "set"}, {"id", "m7k2q9"}, {"bandwidth", -1}}, Json{{"kind", "set"}, {"id", 7}},
                          Json{{"kind", "dance"}}, Json(7)}) {
    const Json answer = ask(odd);
    CHECK_FALSE(answer.at("ok"));
    CHECK(answer.at("error") == "that was not understood");
  }
  room.dials.close("too late: it has ended");
  CHECK(ask({{"kind", "set"}, {"id", "m7k2q9"}, {"bandwidth", 5000}}).at("error") == "too late: it has ended");
  CHECK(kept.size() == 2);
}

TEST_CASE("live: who sends no line is let go, and the others are told on", "[live][set]") {
  Room room;
  const auto endless = posix::connect_to(room.socket());
  REQUIRE((endless && *endless));
  const auto other = room.listen();
  Room::next(*other);
  const std::string text(3000, 'x');
  ssize_t sent = 1;
  pollfd writable{endless->get(), POLLOUT, 0};
  for (int n = 0; n < 1000 && sent > 0; ++n) {
    CHECK(::poll(&writable, 1, 10000) == 1);
    sent = ::send(endless->get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  CHECK(sent < 0);
  room.tell(Event::Type::step, Phase::transferring, "on");
  CHECK(Room::next(*other).at("text") == "on");
}
