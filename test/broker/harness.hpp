// What the tests of the broker layer share: the private RabbitMQ's address, queues with names of their own, a plain
// client.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "broker/rabbit_broker.hpp"
#include "support/catch.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m::test {

BrokerAddress address();
std::string fixture_file(const std::string& name);  ///< in MS2M_TEST_BROKER_DIR
std::string unique(const std::string& stem);
Outgoing message(const std::string& exchange, const std::string& key, const std::string& body,
                 const std::string& content_type = "application/json", const std::string& id = {});
StopToken limit(std::chrono::milliseconds time = std::chrono::seconds{60});

/// A call of the management API that sets a scene; it must succeed.
void api(const std::string& method, const std::string& path, const std::string& body = {});
void make_user(const std::string& name, const std::string& password);

/// Polls until `condition` holds; fails the test after `time`.
void eventually(const std::function<bool()>& condition, std::chrono::milliseconds time = std::chrono::seconds{60});

/// A plain AMQP connection in confirm mode, for producers and to look into queues.
class Client {
 public:
  Client();
  explicit Client(const amqp::Endpoint& endpoint);
  void declare(const std::string& queue, const amqp::Arguments& arguments = {});
  void publish(const std::string& queue, const std::string& body);
  /// Bodies "<first>".."<first + count - 1>", confirmed at the end.
  void publish_numbers(const std::string& queue, int first, int count);
  amqp::QueueCount count(const std::string& queue);
  bool exists(const std::string& queue);
  /// Takes and acknowledges everything that is ready.
  std::vector<std::string> drain(const std::string& queue);
  std::vector<int> drain_numbers(const std::string& queue);
  /// Waits until `ready` messages can be taken: a quorum queue answers "empty" for a moment although the channel that
  /// held its messages has been closed.
  void await_ready(const std::string& queue, std::size_t ready);
  amqp::Connection& connection() { return connection_; }

 private:
  void refuse_returned();  // an exception, not a REQUIRE: Catch2's macros are for one thread only

  amqp::Connection connection_;
};

std::vector<int> numbers(int first, int count);

/// Forks; the child runs `work` and never returns. Call before threads exist in this process that hold locks.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void()>& work);
  ~ChildProcess();  ///< kill -9
  void kill();

 private:
  int pid_;
};

}  // namespace ms2m::test
