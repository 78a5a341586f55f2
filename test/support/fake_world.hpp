// The state of the broker simulator. Only for fake_*.cpp.
#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <type_traits>

#include "support/fake_broker.hpp"

namespace ms2m::test {

struct FakeMessage {
  std::string id;
  std::string body;
};

/// One END_REPLAY in its queue. Renewed as long as its process lives and renews.
struct FakeSwitch {
  int process = 0;
  int number = 0;
  bool renewing = true;
  Millis ttl{0};
  TimePoint expires;
  std::string control_queue;
};

struct FakeQueue {
  std::string type = "classic";
  int leaderless = 0;      ///< looks that are answered 0,0
  bool arguments = false;  // a second declaration without arguments is a conflict (406)
  std::deque<FakeMessage> ready;
  std::optional<FakeSwitch> armed;
};

struct FakeApp {
  int id = 0;
  std::string hostname, primary, queue;
  ConsumerOptions options;
  bool alive = true, frozen = false, hung = false, connected = false;
  std::vector<std::string> applied;
  std::deque<FakeMessage> unacked;
  // Of a stream.
  std::string role;
  std::int64_t from = 0, first = -1, offset = -1;
  std::optional<std::int64_t> until;
  std::optional<FakeMessage> standing;  ///< START_REPLAY, unacknowledged until the next command
  void begin_anew();
  TimePoint batch_since, back_at;
  std::string control() const { return "ms2m.control." + hostname; }
};

struct FakeHold {  // a valve
  int process = 0;
  std::string queue;
  std::uint64_t max_held = 0, ready_at_closing = 0, most = 0;
  Bytes max_bytes{};
  bool closed = true, broken = false, full = false, returned = false;
  int lost = 0;         ///< for so many settles the broker does not know yet that its connection is
  TimePoint noticed{};  ///< by then it does: heartbeats end before what a source may stand still
  std::optional<TimePoint> until;
  std::optional<TimePoint> flooded;
  std::deque<FakeMessage> held;
  Bytes bytes() const;  ///< of their bodies
};

struct FakeRelay {  // a pump
  int process = 0;
  PumpSpec spec;
  bool running = true;
  std::string failure;
  std::uint64_t relayed = 0;
  double limit = 0, tokens = 0;
  TimePoint filled, started, rest_until;
};

struct FakeWorld {
  mutable std::recursive_mutex mutex;
  std::map<std::string, FakeQueue> queues;
  std::map<std::string, std::set<std::pair<std::string, std::string>>> exchanges;  // bindings: queue, key
  std::map<std::string, std::vector<std::string>> published;
  std::map<int, FakeApp> apps;
  std::vector<FakeApp> ghosts;  ///< as they were when they lost a connection that the broker still counts
  std::map<int, FakeHold> holds;
  std::map<int, FakeRelay> relays;
  std::set<int> processes;  // alive
  std::vector<std::string> calls, alarms, effects;
  std::function<void(const std::string&, bool)> hook;
  std::function<void()> producer;
  Clock::duration offset{0};
  int next = 0;
  std::string default_type = "classic";
  std::set<BrokerAccess> forbidden;
  Json policy = Json::object();
  bool policy_judged = true;
  bool admin_reachable = true, settling = false;
  int untold = 0;       ///< questions after a heartbeat that are not answered; < 0: none may be asked
  int unlisted = 0;     ///< looks at which the management API does not name the consumers yet
  int unconnected = 0;  ///< looks at which it names them without their connections

  TimePoint now() const { return Clock::now() + offset; }
  void settle();
  bool route(const std::string& exchange, const std::string& key, const FakeMessage& message);
  void end_process(int process);
  void fire(const std::string& queue);
  bool valve_on(const std::string& queue) const;
  std::uint64_t unacked(const std::string& queue) const;
  std::set<std::string> consumers(const std::string& queue) const;

  // what one consumer of each kind does
  bool work(FakeApp& app, std::size_t& budget);
  bool obey(FakeApp& app);
  void obey_in_stream(FakeApp& app, const FakeMessage& message);
  bool read_stream(FakeApp& app, std::size_t& budget);
  void connect(FakeApp& app);
  void disconnect(FakeApp& app);
  bool hold(FakeHold& hold);
  /// At its closing: more than 200 messages at once, and whoever runs is served with newer ones.
  void block(FakeHold& hold);
  /// It breaks by itself, and says so to the broker.
  void give_up(FakeHold& hold);
  void release(FakeHold& hold);
  bool relay(FakeRelay& relay);
};

/// One port call: counted, hooked, between two settle().
struct FakeCall {
  static void hook(FakeWorld& world, int process, const std::string& name, bool before) {
    std::function<void(const std::string&, bool)> hook;
    {
      const std::lock_guard lock(world.mutex);
      if (world.processes.count(process) == 0) throw Crashed{};
      if (before) world.calls.push_back(name);
      hook = world.hook;
    }
    if (hook) hook(name, before);
    const std::lock_guard lock(world.mutex);
    if (world.processes.count(process) == 0) throw Crashed{};
  }

  template <typename Work>
  static auto run(FakeWorld& world, int process, const std::string& name, const StopToken& stop, Work work) {
    hook(world, process, name, true);
    stop.check(name);
    world.settle();
    if constexpr (std::is_void_v<decltype(work())>) {
      {
        const std::lock_guard lock(world.mutex);
        work();
      }
      world.settle();
      hook(world, process, name, false);
    } else {
      auto result = [&] {
        const std::lock_guard lock(world.mutex);
        return work();
      }();
      world.settle();
      hook(world, process, name, false);
      return result;
    }
  }
};

}  // namespace ms2m::test
