// The Broker port on RabbitMQ. One connection of its own for commands, one more for each DeadMan, Valve, Pump and
// pivot.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "broker/endpoint.hpp"
#include "ms2m/broker.hpp"

namespace ms2m {

struct DeadManState;

/// Repeats. A lost connection is made anew and the operation repeated until the token's deadline (30 s without one),
/// except:
///  - publish() to a named exchange is sent once; {unavailable} after a loss means "perhaps". Straight to a queue
///  (exchange "")
///    it is repeated, because what ms2m sends there are control commands and markers: each sets a state, so that the
///    same one twice in a row changes nothing; While the broker has an alarm, publish() ends with {unavailable} at the
///    deadline, but what was sent may still be taken when the alarm ends: nothing can call it back;
///  - pivot() is never repeated once it has begun; its error says whether the transaction can have been committed.
/// A 404 that does not say that the thing is gone (its node is down, or did not answer in time) is asked again in the
/// same way, then Error{unavailable, "unknown: ..."}. So is a message that comes back from a queue that is there.
/// arm() of a queue that was declared with another ttl or control queue: {conflict} (406).
/// A connection that has been idle for long is looked at before it is used.
class RabbitBroker : public Broker {
 public:
  /// Does not connect yet: the first question does. `id` of the migration (or of the command), for the broker's list
  /// of connections.
  RabbitBroker(BrokerAddress address, std::string id);
  /// Connects and logs in; one attempt.
  RabbitBroker(BrokerAddress address, std::string id, const StopToken& stop);
  ~RabbitBroker() override;

  /// Both connect and log in, in one attempt, unless it is connected.
  std::string server_version(const StopToken& stop) override;
  std::string cluster_name(const StopToken& stop) override;
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
  std::string ask(const std::string& queue, const std::string& question, const StopToken& stop) override;

  std::unique_ptr<DeadMan> arm(const DeadManSpec& spec, const StopToken& stop) override;
  std::unique_ptr<Valve> close_valve(const ValveSpec& spec, const StopToken& stop) override;
  std::unique_ptr<Pump> start_pump(const PumpSpec& spec, const StopToken& stop) override;
  PivotResult pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                    const StopToken& stop) override;

 private:
  amqp::Connection& connection(const StopToken& stop);
  /// The same for the first question: an address that leads nowhere is told with where it comes from.
  amqp::Connection& greeting(const StopToken& stop);
  /// For a connection that holds messages: a silent one must be seen to be dead before the switch fires.
  amqp::Endpoint holding(const std::string& role) const;
  template <typename Work>
  auto repeated(const StopToken& stop, Work work);

  BrokerAddress address_;
  std::string id_;
  std::unique_ptr<amqp::Connection> connection_;
  std::unique_ptr<amqp::Connection> asking_;  ///< for ask(): what comes there is answers
  std::chrono::seconds holding_ = holding_heartbeat(DeadManSpec{}.ttl);
  std::map<std::string, std::shared_ptr<DeadManState>> armed_;  ///< by queue: what pivot() must find in it
};

}  // namespace ms2m
