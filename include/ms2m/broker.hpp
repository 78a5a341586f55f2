// Ports: the message broker (AMQP 0-9-1) and its management API, as far as a migration needs them.
//
// Thread rule: a Broker and each object it hands out (DeadMan, Valve, Pump) has a connection of its own; the Broker is
// used from one thread at a time, the others do their work on a thread of their own. Every call may block until its
// token stops or its deadline passes. Errors: {unavailable} not reachable or connection lost and not safely repeatable,
// {forbidden} login or permission (ACCESS_REFUSED), {protocol} otherwise. Facts: rabbitmq-facts.md sections 3, 4 and 8.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// Where the broker is. Secrets are inside: never print one; describe() is for people.
struct BrokerAddress {
  std::string host;
  std::uint16_t port = 5672;
  bool tls = false;
  std::string user = "guest";
  std::string password = "guest";
  std::string vhost = "/";
  std::string ca_file;           ///< amqps: verify the peer against this; empty: the system's store
  std::string certificate_file;  ///< amqps: client certificate (PEM), may be empty
  std::string key_file;
  std::string server_name;  ///< amqps: verify against this name instead of host
  std::string api_url;      ///< management API; empty: http://host:15672 (https://host:15671 with tls)
  bool verify = true;       ///< amqps: false (?verify=verify_none) accepts any certificate
  /// SASL, in capitals: the first of these that the broker offers is used. PLAIN sends user and password, EXTERNAL
  /// nothing but the client certificate, whose name the broker takes for the user.
  std::vector<std::string> mechanisms{"PLAIN"};
  std::chrono::seconds heartbeat{10};
  std::string origin{};  ///< who said so, for messages: "--broker"
};
/// "amqp://host:port/vhost", without user and password.
std::string describe(const BrokerAddress& address);

/// What a passive declare tells: synchronous and exact for classic queues; never counts unacknowledged messages; on a
/// quorum queue a single 0,0 proves nothing (250 ms time-out inside the broker): one that took so long is asked for
/// again, but a leader that is gone is told as 0,0 at once.
struct QueueDepth {
  std::uint64_t ready = 0;
  std::uint64_t consumers = 0;
};

struct QueueSpec {
  std::string name;
  std::optional<Millis> message_ttl;                   ///< x-message-ttl
  std::optional<std::string> dead_letter_routing_key;  ///< with x-dead-letter-exchange "" (the default exchange)
  // Always durable, classic, not exclusive, not auto-delete. Without the two options: no arguments at all, because
  // published consumers declare the queue they are sent to again, and any argument is answered with 406.
};

struct Outgoing {
  std::string exchange;  ///< "" = default exchange: routing_key is the queue's name
  std::string routing_key;
  std::string body;
  std::string content_type = "application/json";
  std::string message_id;
};

/// The dead man's switch: while it is armed and renewed nothing happens; when ms2m dies, the broker itself moves the
/// message to the source's control queue `ttl` after the last renewal.
struct DeadManSpec {
  std::string queue;          ///< ms2m.<id>.deadman; declared by arm(), deleted by nobody here
  std::string control_queue;  ///< of the source
  std::string message;        ///< body of the END_REPLAY
  Millis ttl{15000};
};

class DeadMan {
 public:
  virtual ~DeadMan() = default;
  /// True once it has fired, or once that cannot be excluded any more. Any thread.
  virtual bool fired() const noexcept = 0;
  /// Smallest time that was left before it would have fired, at any renewal so far. Any thread.
  virtual Millis margin() const noexcept = 0;
  /// The longest time in which this process did not run, if it was seconds: stopped, or its machine suspended. Any
  /// thread.
  virtual std::optional<Millis> away() const noexcept { return std::nullopt; }
  /// Stops renewing (joins the thread; the message stays and will fire in time). Idempotent. Needed before pivot().
  virtual void stop_renewing() noexcept = 0;
};

struct ValveSpec {
  std::string queue;
  std::uint64_t max_held = 100000;  ///< messages
  /// The last question before it closes, when its connection is there, with what is ready in the queue; false: it is
  /// not closed. May take its time, throw, and shorten the time for what follows. Asked again where the connection was
  /// lost in the middle.
  std::function<bool(std::uint64_t ready, StopToken& limit)> may_close{};
  /// Of its connection, at most: by it the broker notices our silence. 0: as of everything that holds messages.
  std::chrono::seconds heartbeat{0};
  /// By the last look, after may_close: when more are ready, it is not closed.
  std::uint64_t ready_at_most = std::numeric_limits<std::uint64_t>::max();
  /// It opens by itself, as if it had broken, when the time for the closing is over (`limit`), unless it was kept
  /// before.
  bool provisional = false;
  Bytes max_held_bytes{std::numeric_limits<std::uint64_t>::max()};  ///< of the messages' bodies
};

/// ms2m's own consumer on a queue with a higher x-priority: while it is closed, deliveries to everybody else stop. It
/// keeps no more of a message than that there is one.
class Valve {
 public:
  virtual ~Valve() = default;
  virtual std::uint64_t held() const noexcept = 0;  ///< messages held unacknowledged
  virtual std::uint64_t ready_at_closing() const noexcept = 0;
  virtual Bytes held_bytes() const noexcept = 0;  ///< their bodies
  virtual bool broken() const noexcept = 0;       ///< connection lost, full, or its time was over
  virtual bool full() const noexcept = 0;         ///< it has broken because more came than max_held or max_held_bytes
  /// When the last flood came, if ever: more than 150 messages may have been on their way to it at a time. In it the
  /// broker may have counted the valve as blocked (200 unsent deliveries) and served somebody else. What waited at the
  /// closing counts: behind a frozen source, settle() twice before that runs, and look at what came later.
  virtual std::optional<TimePoint> flooded() const noexcept = 0;
  /// Returns when everything has come that the broker had for it before the call. Error{unavailable}: broken.
  virtual void settle(const StopToken& stop) = 0;
  /// A provisional one stays closed from now on. False: it has broken.
  virtual bool keep() noexcept = 0;
  /// Closes the channel: what was held returns to the queue in its old order. Idempotent; returns what was held.
  virtual std::uint64_t open() = 0;
  /// After open(): the broker has confirmed the end of its channel, so everything is back. False: the broker may notice
  /// its end only by its heartbeats, and serve others with newer messages until then.
  virtual bool returned() const noexcept = 0;
};

/// Keeps the source from running away from a copy that starts later: after a batch that kept it busy for t it rests for
/// t(1/share - 1), but no longer than `rest_at_most` (or t, where one message takes longer than that).
struct Pace {
  double share = 1;  ///< of the time that the source may be busy; 1 = no pacing
  Millis rest_at_most{150};
  Millis lasts{0};  ///< from now on; afterwards there is no pacing. 0: until it is changed
};

struct PumpSpec {
  std::string from;      ///< primary queue
  std::string exchange;  ///< the tee (fan-out)
  std::string follow;    ///< the source's queue: the pump is never more than a window of messages ahead in it
  std::uint64_t max_window = 64;
  /// Time in which the source must be able to work off what is ahead of it (half the dead man's time): the window is
  /// kept at what the source was seen to process in that time, between 1 and max_window; it begins with 4.
  Millis horizon{7500};
  /// Ready + unacknowledged messages of `follow`, exact (BrokerAdmin::totals); nullopt or empty: count the ready ones
  /// only (passive declare). Called on the pump's thread.
  std::function<std::optional<std::uint64_t>()> outstanding;
  /// Asked before each batch and again before its commit: false = the pump breaks and commits nothing more (the dead
  /// man's switch has fired: nobody listens to `follow` any more).
  std::function<bool()> may_go_on;
  /// Of `from` (BrokerAdmin::leader); empty: not asked. The leader of a quorum queue gets acknowledgements without an
  /// answer. Should it die, the next one is told again, but only for a channel that is there: where there is none, or
  /// another one than before, the pump keeps its channel for a second more. It is broken when there is none for 10 s.
  /// Called on the pump's thread.
  std::function<std::optional<std::string>()> leader;
  /// A fan-out exchange that the pump declares, and deletes again, when it has to put messages back: bound to `from`
  /// alone it reaches no other queue, whatever a message's header CC names. Empty, or where it may not be bound: the
  /// default exchange, and the header is left out.
  std::string way_back;
  Pace pace;  ///< needs `outstanding`: without it nobody can tell when the source is busy
};

struct PumpStats {
  std::uint64_t relayed = 0;           ///< committed so far
  std::uint64_t returned = 0;          ///< taken but not relayed: back in the primary, in order
  double arrival_rate = 0;             ///< messages/s taken from the primary over the last seconds
  std::uint64_t user_ids_dropped = 0;  ///< messages whose user_id was not ours: the broker would refuse them (406)
  std::uint64_t expirations_dropped =
      0;                 ///< messages that would have expired within ten minutes, perhaps for one copy only
  bool blocked = false;  ///< the broker has an alarm and takes nothing
};

/// Relays every message of `from` to `exchange` in AMQP transactions (publish + ack in one): killed at any point,
/// nothing is lost or doubled (a crash of the broker inside a commit may double: measured).
class Pump {
 public:
  virtual ~Pump() = default;
  virtual PumpStats stats() const noexcept = 0;
  virtual bool broken() const noexcept = 0;
  virtual std::string failure() const = 0;  ///< why it is broken
  /// At most this many messages a second from now on (the copy catches up meanwhile); 0 = no limit. Any thread.
  virtual void limit(double messages_per_second) noexcept = 0;
  /// From now on; as PumpSpec::pace. Any thread.
  virtual void pace(const Pace& pace) noexcept = 0;
  /// Finishes the transaction in hand and stops consuming; what was not relayed returns. Blocks for one commit,
  /// and as PumpSpec::leader says. Idempotent.
  virtual PumpStats stop(const StopToken& stop) = 0;
};

enum class PivotResult {
  done,   ///< the dead man's message was taken away and END_REPLAY was published, in one transaction
  fired,  ///< the dead man's queue is empty: it has fired (or never was); nothing was published
};

/// What a broker's user may do with a queue or an exchange: each is asked for by name, against a pattern.
enum class BrokerAccess { configure, write, read };
struct BrokerRight {
  BrokerAccess access = BrokerAccess::configure;
  std::string name;
  bool exchange = false;  ///< of an exchange; the default one is "amq.default"
  friend bool operator==(const BrokerRight&, const BrokerRight&) = default;
};
struct MissingBrokerRights {
  std::vector<BrokerRight> rights;
  std::string user;  ///< as the broker says it; empty when nothing is missing
  std::string vhost;
};

/// "Gone" and "could not be asked" are two values. What asks for a queue or exchange answers gone (nullopt, false, 0)
/// only when the broker says that there is none. When it cannot tell, because the node that has it is down or does not
/// answer in time (404 as well!), it is asked again until the deadline, then Error{unavailable, "unknown: ..."}:
/// nothing is settled, skipped or acknowledged on that.
class Broker {
 public:
  virtual ~Broker() = default;

  virtual std::string server_version(const StopToken& stop) = 0;  ///< "3.10.8"; connects, if it must
  /// "rabbit@broker-1": what the broker calls its cluster in the handshake; empty: it does not say. On another one
  /// every queue looks as if it had been deleted. Connects, if it must.
  virtual std::string cluster_name(const StopToken& stop) = 0;
  /// Which of these our user lacks. Changes nothing: each is asked for by a command that the broker refuses for another
  /// reason once it has looked at the right. A right that shows only when others are there is not among them until
  /// then. Configure must be asked for names that nobody has yet, and the first such queue serves to ask about
  /// exchanges.
  virtual MissingBrokerRights missing_rights(const std::vector<BrokerRight>& rights, const StopToken& stop) = 0;
  virtual std::optional<QueueDepth> depth(const std::string& queue,
                                          const StopToken& stop) = 0;            ///< nullopt: no such queue
  virtual void declare_queue(const QueueSpec& spec, const StopToken& stop) = 0;  ///< idempotent
  virtual bool delete_queue(const std::string& queue,
                            const StopToken& stop) = 0;  ///< idempotent; with whatever is in it
  virtual std::uint64_t purge_queue(const std::string& queue,
                                    const StopToken& stop) = 0;  ///< ready messages; 0: no such queue
  virtual void declare_fanout(const std::string& exchange, const StopToken& stop) = 0;
  virtual bool delete_exchange(const std::string& exchange, const StopToken& stop) = 0;
  virtual void bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                          const StopToken& stop) = 0;
  virtual void unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                            const StopToken& stop) = 0;
  /// Moves every message that is ready in `from`, which nobody consumes, to the end of `to`, unchanged, each in one
  /// transaction with its acknowledgement: killed at any point, nothing is lost or doubled. `way_back` as PumpSpec's,
  /// for `to`. Returns how many; 0: no queue `from`. Error{not_found}: no queue `to`; what was not moved stays.
  virtual std::uint64_t give_back(const std::string& from, const std::string& to, const std::string& way_back,
                                  const StopToken& stop) = 0;
  /// Persistent, mandatory, confirmed: returns when the broker has it in a queue; Error{not_found} when it was
  /// unroutable.
  virtual void publish(const Outgoing& message, const StopToken& stop) = 0;
  /// Puts the question into the queue and returns what whoever reads that answers (reply-to; no queue is made for it).
  /// Asked again over a lost connection, until the deadline (30 s without one); a question that nobody has read expires
  /// with it. Error{timeout}: no answer; {not_found}: there is no such queue.
  virtual std::string ask(const std::string& queue, const std::string& question, const StopToken& stop) = 0;

  /// Declares the queue, puts the message in and starts renewing on a thread and connection of its own.
  virtual std::unique_ptr<DeadMan> arm(const DeadManSpec& spec, const StopToken& stop) = 0;
  /// nullptr: it may not close.
  virtual std::unique_ptr<Valve> close_valve(const ValveSpec& spec, const StopToken& stop) = 0;
  virtual std::unique_ptr<Pump> start_pump(const PumpSpec& spec, const StopToken& stop) = 0;

  /// The pivot: takes the dead man's message and publishes `messages` (END_REPLAY to the target, and a marker that
  /// tells a later `resume` that it was committed), all in one transaction (tx.commit). If the connection is lost
  /// inside the commit: Error{unavailable}; then either all happened or nothing, and the marker's queue tells which.
  virtual PivotResult pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                            const StopToken& stop) = 0;
};

// ---- the management API ---------------------------------------------------------------------------------------------

struct QueueConsumer {
  std::string tag;
  std::string connection;  ///< name, for close_connection
  std::string peer_host;   ///< of the connection; the pod's IP unless there is NAT between
  bool ack_required = true;
  bool exclusive = false;
  bool active = true;
  std::uint64_t prefetch = 0;
};

/// A consumer of another queue.
struct OtherConsumer {
  std::string queue;
  std::string connection;
  std::string peer_host;
};

struct QueueFacts {
  std::string type = "classic";  ///< classic, quorum, stream
  bool durable = true;
  bool exclusive = false;
  bool auto_delete = false;
  Json arguments = Json::object();
  Json policy = Json::object();  ///< effective_policy_definition
  /// Messages/s, published to it and acknowledged; statistics of the last seconds. nullopt: not told.
  std::optional<double> rate_in{}, rate_out{};
  /// Of its messages' bodies, bytes; by statistics that are some seconds old. nullopt: it had none then, or not told.
  std::optional<double> mean_size{};
  std::vector<QueueConsumer> consumers;
  std::vector<OtherConsumer> elsewhere;  ///< of its virtual host
};

struct QueueBinding {
  std::string exchange;  ///< "" = default
  std::string key;
  Json arguments = Json::object();
};

struct QueueTotals {
  std::uint64_t ready = 0;
  std::uint64_t unacked = 0;
};

class BrokerAdmin {
 public:
  virtual ~BrokerAdmin() = default;
  /// nullopt: the management API cannot be reached (not installed, wrong port); Error{forbidden} for bad credentials.
  virtual std::optional<std::string> version(const StopToken& stop) = 0;
  virtual std::optional<QueueFacts> queue(const std::string& name, const StopToken& stop) = 0;
  /// "classic", "quorum", "stream"; nullopt: no such queue. True from the declaration on, and one cheap question
  /// whatever else the broker has, where queue() may list all queues and consumers (a queue's first seconds: 0.1-0.2 s
  /// with 3000 queues).
  virtual std::optional<std::string> queue_type(const std::string& name, const StopToken& stop) = 0;
  /// The broker's node that leads a quorum queue, as things are now; "": none that lives. nullopt: it is of another
  /// type, or not told.
  virtual std::optional<std::string> leader(const std::string& queue, const StopToken& stop) = 0;
  /// What the policies make of a new classic queue of that name (the effective definition, empty when none applies);
  /// nullopt: the user may not read them (before 4.x that takes the tag policymaker).
  virtual std::optional<Json> policy_for(const std::string& queue_name, const StopToken& stop) = 0;
  /// What they make of a queue that exists, as the broker itself says; nullopt: it does not say. Immediate since 4.0;
  /// before, it says so up to 5 s after the declaration, and that is waited for.
  virtual std::optional<Json> effective_policy(const std::string& queue_name, const StopToken& stop) = 0;
  virtual std::vector<QueueBinding> bindings(const std::string& queue, const StopToken& stop) = 0;
  /// Exact and immediate for classic queues; up to 5 s stale for quorum queues.
  virtual std::optional<QueueTotals> totals(const std::string& queue, const StopToken& stop) = 0;
  virtual std::vector<std::string> alarms(const StopToken& stop) = 0;  ///< "memory on rabbit@x", ...
  virtual std::vector<std::string> queue_names(const std::string& prefix, const StopToken& stop) = 0;
  /// The heartbeat that a connection has agreed on; 0: none; nullopt: there is no such connection, or it is not said
  /// yet. Error{forbidden}: our user may not see it.
  virtual std::optional<std::chrono::seconds> heartbeat(const std::string& connection, const StopToken& stop) = 0;
  virtual bool close_connection(const std::string& name, const StopToken& stop) = 0;
};

}  // namespace ms2m
