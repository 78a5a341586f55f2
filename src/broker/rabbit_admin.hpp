// The BrokerAdmin port on RabbitMQ's management API. Facts: rabbitmq-facts.md section 4.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

/// Errors: {unavailable} not reachable or 5xx, {forbidden} 401/403 (the user needs the tag "management", for
/// close_connection() "administrator"; a user with "monitoring" sees other users' consumers), {protocol} otherwise.
/// Thread rule: any thread. Repeats nothing by itself: everything is a single question that the caller may ask again.
/// queue().consumers: a new consumer appears up to 5 s late, and its connection and peer_host may be empty for as long;
/// a gone one disappears at once.
class RabbitAdmin : public BrokerAdmin {
 public:
  /// Asks nothing yet. TLS (https) verifies as AMQP does, with the same files. Error{usage}: its address is no URL.
  /// `limit` of each answer: the lists of a broker with thousands of queues take seconds.
  explicit RabbitAdmin(const BrokerAddress& address, Millis limit = Millis{10000});
  ~RabbitAdmin() override;

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
  HttpResponse ask(const std::string& method, const std::string& path, const StopToken& stop);
  /// nullopt: 404.
  std::optional<Json> without_statistics(const std::string& queue, const StopToken& stop);
  std::optional<Json> get(const std::string& path, const StopToken& stop);
  /// nullopt also when the user may not read it: before 4.x policies take the tag "policymaker".
  std::optional<Json> get_if_allowed(const std::string& path, const StopToken& stop);
  Json policy_by_name(const std::string& queue, const StopToken& stop);
  bool counts_single_queues(const StopToken& stop);

  const std::string base_;
  const std::string vhost_;
  const Millis limit_;
  HttpClient http_;
  std::atomic<int> single_{-1};  ///< whether the single queue's URL has exact counts (>= 4.0); -1: not asked yet
};

}  // namespace ms2m
