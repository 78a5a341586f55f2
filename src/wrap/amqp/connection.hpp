// One AMQP 0-9-1 connection with one channel. The only door to librabbitmq.
//
// Thread rule: one thread at a time. Nothing runs between calls: heartbeats are answered only inside calls, so an idle
// connection dies after about two heartbeats; receive() keeps it alive.
// Blocking: every call ends at once when the token stops (Cancelled) or its deadline passes (Error{timeout}), apart
// from name resolution, the TLS handshake (both at most connect_timeout or so) and writing a message that is bigger
// than the socket's buffer to a broker that does not read (kStalledWrite). After Cancelled or a time-out inside a
// command usable() is false. Errors: ChannelClosed, ConnectionLost (wrap/amqp/error.hpp), Error{forbidden} for a
// refused login or certificate. librabbitmq's own waiting functions are not used, only its framing: they cannot be
// interrupted, see rabbitmq-facts.md section 8.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"
#include "wrap/amqp/endpoint.hpp"
#include "wrap/amqp/error.hpp"
#include "wrap/amqp/message.hpp"

namespace ms2m::amqp {

using Argument = std::pair<std::string, std::variant<std::int64_t, std::string>>;
using Arguments = std::vector<Argument>;

struct QueueCount {
  std::uint64_t messages = 0;
  std::uint64_t consumers = 0;
};

class Connection {
 public:
  /// Connects, logs in and opens the channel.
  Connection(const Endpoint& endpoint, const StopToken& stop);
  ~Connection();  ///< closes the socket, no more: the broker returns what is unacknowledged, rolls back what is
                  ///< uncommitted
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& server_version() const;
  const std::string& cluster_name() const;  ///< empty: the broker does not say
  bool usable() const;  ///< false: a command was left half-way or the connection is lost; only destroy it
  const std::string& blocked() const;  ///< the broker's reason while an alarm stops publishers; else ""
  void watch_blocked(
      std::atomic<bool>* flag);  ///< is set as blocked() changes, also inside calls; outlives the connection

  // ---- channel
  bool channel_open() const;  ///< false after ChannelClosed
  void open_channel(const StopToken& stop);
  void close_channel(
      const StopToken& stop);         ///< waits for close-ok: then everything unacknowledged is back in its queue
  void close(const StopToken& stop);  ///< orderly close of the connection

  // ---- queues and exchanges (each one command, waits for its answer)
  QueueCount declare_queue(const std::string& queue, const Arguments& arguments, const StopToken& stop);
  QueueCount inspect_queue(const std::string& queue, const StopToken& stop);  ///< passive declare
  void delete_queue(const std::string& queue, const StopToken& stop);
  std::uint64_t purge_queue(const std::string& queue, const StopToken& stop);
  void declare_exchange(const std::string& exchange, const std::string& type, bool passive, const StopToken& stop,
                        const Arguments& arguments = {});
  void delete_exchange(const std::string& exchange, const StopToken& stop);
  void bind_queue(const std::string& queue, const std::string& exchange, const std::string& key, const StopToken& stop);
  void unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                    const StopToken& stop);

  // ---- publishing
  void select_confirms(const StopToken& stop);
  void select_transactions(const StopToken& stop);
  void commit(const StopToken& stop);
  void rollback(const StopToken& stop);
  /// Sends; with confirms selected its number is awaited by wait_confirmed(). Waits while the socket takes nothing.
  void publish(const std::string& exchange, const std::string& key, const Properties& properties,
               const std::string& body, bool mandatory, const StopToken& stop);
  /// Until every publish so far is confirmed. Error{unavailable} when one was refused (basic.nack). Order does not
  /// matter.
  void wait_confirmed(const StopToken& stop);
  std::vector<Returned> take_returned();  ///< complete once wait_confirmed() or commit() is back

  // ---- consuming
  void set_prefetch(std::uint16_t count, const StopToken& stop);
  void consume(const std::string& queue, const Arguments& arguments, const StopToken& stop);
  void consume_replies(const StopToken& stop);  ///< to questions on this channel; not to be acknowledged
  std::optional<Delivery> get(const std::string& queue, const StopToken& stop);  ///< to be acknowledged; nullopt: empty
  void ack(std::uint64_t tag, bool multiple, const StopToken& stop);
  void requeue(std::uint64_t tag, const StopToken& stop);  ///< basic.nack, requeue
  /// Deliveries that have arrived, in order; the caller takes them out.
  std::deque<Delivery>& deliveries();
  /// Bodies and properties of later deliveries are dropped and deliveries() stays empty: only delivered() counts.
  void count_only();
  std::uint64_t delivered() const;  ///< by consume(), since the channel was opened
  Bytes delivered_bytes() const;    ///< their bodies
  /// Sends a question that the channel answers in turn, after all deliveries that the broker had for it before; the
  /// answer is counted in echoes(), and not waited for. (Asked: the prefetch for later consumers, none.)
  void send_echo(const StopToken& stop);
  std::uint64_t echoes() const;     ///< answers so far
  bool consumer_cancelled() const;  ///< by the broker: the queue was deleted

  /// Reads what has arrived until about `most` deliveries are in hand; waits up to `wait` for a first frame. False:
  /// nothing came.
  bool receive(Millis wait, std::size_t most, const StopToken& stop);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms2m::amqp
