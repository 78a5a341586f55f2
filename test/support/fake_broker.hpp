// A broker in memory for tests of the migration layer: queues, fan-out exchanges, the dead man's switch, valve, pump
// and consumers that follow the control protocol. A simulator: it behaves as rabbitmq-facts.md says, and counts
// everything.
//
// One FakeServer is the world. A FakeBroker is one ms2m process's connection to it (Broker and BrokerAdmin): destroy
// it, or crash() it, and make another one for the "next process". Consumers and the pump do their work inside settle(),
// which every port call runs first and last, so a test is deterministic on one thread; all methods are also
// thread-safe. Time is the steady clock plus what the test added with advance().
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "ms2m/error.hpp"

namespace ms2m::test {

class FakeServer;
struct FakeWorld;  // the state, private to the .cpp

/// What crash() makes every later port call throw: the process is gone. Neither Error nor Cancelled: no undo may run on
/// it.
struct Crashed {};

/// What a checkpoint holds of a consumer: the memory of the process.
struct ConsumerImage {
  std::vector<std::string> applied;  ///< message ids, in the order of their effect
  std::string primary;
  std::string queue;  ///< what it was listening to
  // Of a stream.
  std::string role{};
  std::int64_t first = -1, offset = -1;
};

struct ConsumerOptions {
  std::size_t prefetch = 50;
  std::size_t per_settle = 1000000;  ///< messages it manages in one settle(): small numbers make it slow
  enum class Control {
    subscribes,  ///< obeys at once
    polls,       ///< looks at its control queue only when it has nothing to do (starves while saturated)
    ignores,     ///< reads and ignores commands (a consumer that does not answer)
    none,        ///< no control protocol at all: no control queue
  } control = Control::subscribes;
  std::size_t batch = 1;    ///< so many are applied and acknowledged together,
  Millis flush_after{0};    ///< or, that long (of real time) after the first of them, fewer
  bool forgetful = false;   ///< connects again to its primary queue, not to the one that it was last told of
  bool manual_acks = true;  ///< false: it acknowledges automatically
  Millis away{0};           ///< for so long (of real time) it does not connect again
  /// Its queue is a stream: it keeps its offset, tells it (STATUS), heeds "from" and "until", and has its side effects
  /// unless its role is "target".
  bool stream = false;
  bool silent = false;      ///< it does not answer STATUS
  std::int64_t begins = 0;  ///< in the stream, unless it is told from where
  std::string tells{};      ///< as its state, instead of what it is
  bool hangs = false;       ///< from its start on it does nothing, not even connect
  std::string also{};       ///< another queue that it consumes on the same connection; empty: none
  std::string peer_host;    ///< of its connection (the pod's IP); empty: "10.9.0.<number>"
};

/// A simulated application instance. Acks after the effect. Killed or frozen by test code (fake node or cluster).
class SimConsumer {
 public:
  ~SimConsumer();
  SimConsumer(const SimConsumer&) = delete;
  SimConsumer& operator=(const SimConsumer&) = delete;

  std::string hostname() const;
  std::string queue() const;  ///< what it consumes now
  bool alive() const;
  bool frozen() const;
  std::string peer_host() const;
  std::int64_t offset() const;               ///< in its stream; -1: it has applied nothing
  std::vector<std::string> applied() const;  ///< message ids in the order of their effect, inherited ones included
  ConsumerImage checkpoint() const;          ///< with everything as it is now; what is unacked stays with the original
  void freeze();                             ///< cgroup freezer: keeps its connection and what was delivered
  void thaw();
  void hang();  ///< of its own: it does nothing, frozen or not
  void wake();
  void kill();  ///< the connection closes: what was unacked returns in order
  /// The container was restarted by the kubelet: kill(), memory gone, then back on the primary queue.
  void restart_cold();

 private:
  friend class FakeServer;
  SimConsumer(std::shared_ptr<FakeWorld> world, int id);
  std::shared_ptr<FakeWorld> world_;
  int id_;
};

class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  // -- the world around ms2m
  void declare(const std::string& queue, const std::string& type = "classic");
  /// A producer's message, straight to the queue (default exchange); the id is also its body. Ideal order = order of
  /// calls.
  void publish(const std::string& queue, const std::string& id);
  /// Called once per settle(), before the consumers: a producer that goes on publishing while ms2m works.
  void set_producer(std::function<void(FakeServer&)> producer);
  /// Starts an instance on its primary queue, cold.
  std::unique_ptr<SimConsumer> start(const std::string& hostname, const std::string& primary,
                                     ConsumerOptions options = {});
  /// Starts a restored one: memory of the image; connects anew, reads ms2m.control.<hostname> first, then consumes.
  std::unique_ptr<SimConsumer> restore(const std::string& hostname, const ConsumerImage& image,
                                       ConsumerOptions options = {});

  // -- what happened
  std::vector<std::string> published(const std::string& queue) const;  ///< ids in order: the ideal fold
  std::vector<std::string> ready(const std::string& queue) const;      ///< ids
  std::vector<std::string> effects() const;  ///< of consumers of streams: ids in the order of their side effects
  std::vector<std::string> queues() const;
  std::vector<std::string> exchanges() const;
  std::set<std::string> consumers(const std::string& queue) const;  ///< host names; "ms2m valve", "ms2m pump"
  std::vector<std::string> calls() const;  ///< every port call so far: "depth app.events", "pivot ms2m.x.deadman", ...

  // -- time and trouble
  void settle();                                 ///< lets producer, consumers, pump and timers do what they can now
  void advance(Millis time);                     ///< moves the clock on and settles
  void fire_dead_man(const std::string& queue);  ///< as if its time had passed, renewed or not
  void set_alarms(std::vector<std::string> alarms);
  void set_admin_reachable(bool reachable);  ///< false: BrokerAdmin::version() is nullopt, the rest Error{unavailable}
  void set_unlisted(int looks);              ///< so many looks of the management API name no consumers yet
  void set_unconnected(int looks);           ///< so many looks name them, and not yet where they are connected
  void hide_heartbeats(int questions);       ///< so many questions are not answered; -1: ms2m's user may not ask
  void lose_leader(const std::string& queue, int looks);  ///< for so many looks it says 0,0, as a quorum queue does
  void forbid(std::vector<BrokerAccess> accesses);        ///< to ms2m's user, whatever the name
  /// Of every queue. One that cannot be judged is not foreseen by its pattern; what it does shows once a queue is
  /// there.
  void set_policy(Json definition, bool judged);
  void set_default_type(const std::string& type);    ///< of queues that are declared through the port from now on
  void cut_connection(const std::string& hostname);  ///< of a consumer, which connects again
  /// The same, and the broker has not noticed: it goes on counting the old one as a consumer.
  void cut_connection_silently(const std::string& hostname);
  void break_pump();  ///< connection lost: what was not committed returns
  /// Connection lost. The broker notices it after so many settles, and serves the others meanwhile with what the valve
  /// does not read.
  void break_valve(int noticed_after = 0);
  /// So many messages came at once that the broker counted the valve as blocked, and served the consumers with them.
  void flood_valve(const std::vector<std::string>& ids);
  /// Runs around every port call (also of DeadMan, Valve, Pump): (call, before). May throw: `before` = nothing
  /// happened, after = it happened and the answer is lost. Not called with a lock held.
  void set_hook(std::function<void(const std::string& call, bool before)> hook);

 private:
  friend class FakeBroker;
  std::shared_ptr<FakeWorld> world_;
};

/// One process's ports. Rule: Error kinds as the contract says; every call runs the hook.
class FakeBroker : public Broker, public BrokerAdmin {
 public:
  explicit FakeBroker(FakeServer& server);
  ~FakeBroker() override;  ///< closes its connections, as the end of the process does

  /// The process dies here: connections close, dead man not renewed any more; every later call throws Crashed.
  void crash();

  std::string server_version(const StopToken& stop) override;
  std::string cluster_name(const StopToken&) override { return "rabbit@simulated"; }
  MissingBrokerRights missing_rights(const std::vector<BrokerRight>& rights, const StopToken& stop) override;
  std::optional<QueueDepth> depth(const std::string& queue, const StopToken& stop) override;
  void declare_queue(const QueueSpec& spec, const StopToken& stop) override;
  bool delete_queue(const std::string& queue, const StopToken& stop) override;
  std::uint64_t purge_queue(const std::string& queue, const StopToken& stop) override;
  void declare_fanout(const std::string& exchange, const StopToken& stop) override;
  bool delete_exchange(const std::string& exchange, const StopToken& stop) override;
  void bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                  const StopToken& stop) override;
  void unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                    const StopToken& stop) override;
  std::uint64_t give_back(const std::string& from, const std::string& to, const std::string& way_back,
                          const StopToken& stop) override;
  void publish(const Outgoing& message, const StopToken& stop) override;
  /// Nobody who answers: Error{timeout} at once.
  std::string ask(const std::string& queue, const std::string& question, const StopToken& stop) override;
  std::unique_ptr<DeadMan> arm(const DeadManSpec& spec, const StopToken& stop) override;
  std::unique_ptr<Valve> close_valve(const ValveSpec& spec, const StopToken& stop) override;
  std::unique_ptr<Pump> start_pump(const PumpSpec& spec, const StopToken& stop) override;
  PivotResult pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                    const StopToken& stop) override;

  std::optional<std::string> version(const StopToken& stop) override;
  std::optional<QueueFacts> queue(const std::string& name, const StopToken& stop) override;
  std::optional<std::string> queue_type(const std::string& name, const StopToken& stop) override;
  std::optional<std::string> leader(const std::string& queue, const StopToken& stop) override;
  std::optional<Json> policy_for(const std::string& queue_name, const StopToken& stop) override;
  std::optional<Json> effective_policy(const std::string& queue_name, const StopToken& stop) override;
  std::vector<QueueBinding> bindings(const std::string& queue, const StopToken& stop) override;
  std::optional<QueueTotals> totals(const std::string& queue, const StopToken& stop) override;
  std::vector<std::string> alarms(const StopToken& stop) override;
  std::vector<std::string> queue_names(const std::string& prefix, const StopToken& stop) override;
  std::optional<std::chrono::seconds> heartbeat(const std::string& connection, const StopToken& stop) override;
  bool close_connection(const std::string& name, const StopToken& stop) override;

 private:
  friend struct FakeCall;
  std::shared_ptr<FakeWorld> world_;
  int process_;
};

}  // namespace ms2m::test
