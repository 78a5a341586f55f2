#include "broker/rabbit_admin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/url_encode.hpp"
#include "broker/admin_json.hpp"
#include "broker/policies.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// Both flags together are what makes counts exact and immediate; without them they are seconds old, with false zeros.
constexpr const char* kExact = "?disable_stats=true&enable_queue_totals=true";
constexpr const char* kNoStatistics = "?disable_stats=true";

/// A statistic of a new queue is there after at most 5 s.
constexpr Millis kStatisticLimit{7000};
constexpr Millis kStatisticPause{250};

std::string base_of(const BrokerAddress& address) {
  std::string url = address.api_url;
  if (url.empty()) {
    const bool v6 = address.host.find(':') != std::string::npos;
    url = fmt::format("{}://{}{}{}:{}", address.tls ? "https" : "http", v6 ? "[" : "", address.host, v6 ? "]" : "",
                      address.tls ? 15671 : 15672);
  }
  while (!url.empty() && url.back() == '/') url.pop_back();
  try {
    check_url(url);
  } catch (Error& error) {
    throw error.in("the address of RabbitMQ's management API");
  }
  return url;
}

HttpOptions options_of(const BrokerAddress& address) {
  HttpOptions options;
  options.user = address.user;
  options.password = address.password;
  options.tls.ca.file = address.ca_file;
  options.tls.certificate.file = address.certificate_file;
  options.tls.key.file = address.key_file.empty() ? address.certificate_file : address.key_file;
  options.tls.server_name = address.server_name;
  options.tls.insecure = !address.verify;
  options.connect_timeout = Millis{5000};
  return options;
}

std::string reason_of(const HttpResponse& answer) {
  const Json body = Json::parse(answer.body, nullptr, false);
  if (!body.is_object()) return {};
  const std::string reason = member(body, "reason", std::string{});
  return reason.empty() ? member(body, "error", std::string{}) : reason;
}

QueueConsumer consumer_of(const Json& from) {
  const Json channel = table(from, "channel_details");
  QueueConsumer consumer;
  consumer.tag = member(from, "consumer_tag", std::string{});
  consumer.connection = member(channel, "connection_name", std::string{});
  consumer.peer_host = member(channel, "peer_host", std::string{});
  consumer.ack_required = member(from, "ack_required", true);
  consumer.exclusive = member(from, "exclusive", false);
  consumer.active = member(from, "active", true);
  consumer.prefetch = member(from, "prefetch_count", std::uint64_t{0});
  return consumer;
}

/// Before 3.8 there was but one type, and no member that says so.
std::string type_of(const Json& queue) { return member(queue, "type", std::string("classic")); }

/// A statistic: absent where nothing of it has happened.
std::optional<double> rate_of(const Json& queue, const char* key) {
  const Json details = table(table(queue, "message_stats"), key);
  if (!details.contains("rate") || !details["rate"].is_number()) return std::nullopt;
  return details["rate"].get<double>();
}

std::optional<double> mean_size_of(const Json& queue) {
  const auto messages = member(queue, "messages", std::uint64_t{0});
  if (messages == 0 || !queue.contains("message_bytes") || !queue["message_bytes"].is_number()) return std::nullopt;
  return queue["message_bytes"].get<double>() / static_cast<double>(messages);
}

/// nullopt: the counts are not there.
std::optional<QueueTotals> totals_of(const Json& queue) {
  if (!queue.contains("messages_ready") || !queue.contains("messages_unacknowledged")) return std::nullopt;
  return QueueTotals{member(queue, "messages_ready", std::uint64_t{0}),
                     member(queue, "messages_unacknowledged", std::uint64_t{0})};
}

/// An API that accepts and says nothing holds nobody for longer than `limit`: a source may be frozen meanwhile.
HttpResponse answer_in_time(HttpClient& http, const HttpRequest& request, Millis limit, const StopToken& stop) {
  try {
    return http.request(request, stop.within(limit));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) == Millis{0}) throw;
    throw Error(ErrorKind::timeout,
                fmt::format("RabbitMQ's management API did not answer {} {} within {:g} s", request.method,
                            printable_url(request.url), Seconds(limit).count()),
                "see whether the broker's management plugin is alive, or name another one with --broker-api");
  }
}

}  // namespace

RabbitAdmin::RabbitAdmin(const BrokerAddress& address, Millis limit)
    : base_(base_of(address)), vhost_(url_encode(address.vhost)), limit_(limit), http_(options_of(address)) {}

RabbitAdmin::~RabbitAdmin() = default;

HttpResponse RabbitAdmin::ask(const std::string& method, const std::string& path, const StopToken& stop) {
  HttpRequest request;
  request.method = method;
  request.url = base_ + "/api/" + path;
  if (method == "DELETE") request.headers.emplace_back("X-Reason", "closed by ms2m");
  HttpResponse answer = answer_in_time(http_, request, limit_, stop);
  if (answer.ok() || answer.status == 404) return answer;
  const std::string text = fmt::format("RabbitMQ's management API at {} answers {} to {} {}: {}", printable_url(base_),
                                       answer.status, method, path, reason_of(answer));
  if (answer.status == 401 || answer.status == 403)
    throw Error(ErrorKind::forbidden, text, "give the broker's user the tag \"management\"");
  throw Error(answer.status >= 500 ? ErrorKind::unavailable : ErrorKind::protocol, text);
}

std::optional<Json> RabbitAdmin::get(const std::string& path, const StopToken& stop) {
  const HttpResponse answer = ask("GET", path, stop);
  if (answer.status == 404) return std::nullopt;
  Json body = Json::parse(answer.body, nullptr, false);
  if (body.is_discarded())
    throw Error(ErrorKind::protocol,
                fmt::format("RabbitMQ's management API at {} answers with no JSON", printable_url(base_)));
  return body;
}

std::optional<Json> RabbitAdmin::get_if_allowed(const std::string& path, const StopToken& stop) {
  try {
    return get(path, stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::forbidden) return std::nullopt;
    throw;
  }
}

std::optional<std::string> RabbitAdmin::version(const StopToken& stop) {
  try {
    const auto overview = get("overview", stop);
    if (!overview || !overview->is_object()) return std::nullopt;
    const auto version = member(*overview, "rabbitmq_version", std::string{});
    if (version.empty()) return std::nullopt;
    single_.store(std::atoi(version.c_str()) >= 4 ? 1 : 0);
    return version;
  } catch (const TransportError& error) {
    if (error.kind() == ErrorKind::forbidden) throw;  // its certificate
    return std::nullopt;                              // nobody listens there, or something that speaks no HTTP
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::protocol) return std::nullopt;
    throw;
  }
}

/// The definition of the policies that apply to a queue, from their names, which are current.
Json RabbitAdmin::policy_by_name(const std::string& queue, const StopToken& stop) {
  Json effective = Json::object();
  const auto all = get("queues/" + vhost_ + kNoStatistics, stop);
  if (!all || !all->is_array()) return effective;
  for (const Json& each : *all) {
    if (member(each, "name", std::string{}) != queue) continue;
    if (each.contains("effective_policy_definition")) return table(each, "effective_policy_definition");  // since 4.0
    for (const auto& [key, path] :
         {std::pair{"policy", "policies/"}, std::pair{"operator_policy", "operator-policies/"}}) {
      const auto name = member(each, key, std::string{});
      if (name.empty()) continue;
      // The list: a policy by itself is shown only to a policymaker.
      const auto policies = get_if_allowed(path + vhost_, stop);
      for (const Json& policy : policies && policies->is_array() ? *policies : Json::array())
        if (member(policy, "name", std::string{}) == name) merge_policy(effective, table(policy, "definition"));
    }
  }
  return effective;
}

bool RabbitAdmin::counts_single_queues(const StopToken& stop) {
  if (single_.load() < 0) version(stop);
  return single_.load() == 1;
}

std::optional<Json> RabbitAdmin::without_statistics(const std::string& queue, const StopToken& stop) {
  return get("queues/" + vhost_ + "/" + url_encode(queue) + kNoStatistics, stop);
}

std::optional<std::string> RabbitAdmin::queue_type(const std::string& name, const StopToken& stop) {
  const auto found = without_statistics(name, stop);
  if (!found) return std::nullopt;
  return type_of(*found);
}

std::optional<std::string> RabbitAdmin::leader(const std::string& queue, const StopToken& stop) {
  const auto found = without_statistics(queue, stop);
  if (!found || type_of(*found) != "quorum" || !found->contains("leader")) return std::nullopt;
  return member(*found, "leader", std::string{});
}

std::optional<QueueFacts> RabbitAdmin::queue(const std::string& name, const StopToken& stop) {
  const auto found = get("queues/" + vhost_ + "/" + url_encode(name), stop);
  if (!found) return std::nullopt;
  QueueFacts facts;
  facts.type = type_of(*found);
  facts.durable = member(*found, "durable", true);
  facts.exclusive = member(*found, "exclusive", false);
  facts.auto_delete = member(*found, "auto_delete", false);
  facts.arguments = table(*found, "arguments");
  facts.rate_in = rate_of(*found, "publish_details");
  facts.rate_out = rate_of(*found, "ack_details");
  facts.mean_size = mean_size_of(*found);
  // A statistic: absent in the first seconds of a queue or a policy.
  facts.policy = found->contains("effective_policy_definition") ? table(*found, "effective_policy_definition")
                                                                : policy_by_name(name, stop);
  // Not the queue's own consumer_details: those are statistics and come later.
  const auto consumers = get("consumers/" + vhost_, stop);
  if (!consumers || !consumers->is_array()) return facts;
  for (const Json& each : *consumers) {
    QueueConsumer consumer = consumer_of(each);
    const auto of = member(table(each, "queue"), "name", std::string{});
    if (of == name)
      facts.consumers.push_back(std::move(consumer));
    else
      facts.elsewhere.push_back({of, std::move(consumer.connection), std::move(consumer.peer_host)});
  }
  return facts;
}

std::optional<Json> RabbitAdmin::policy_for(const std::string& queue_name, const StopToken& stop) {
  Json effective = Json::object();
  for (const char* kind : {"policies/", "operator-policies/"}) {
    const auto all = get_if_allowed(kind + vhost_, stop);
    if (!all || !all->is_array()) return std::nullopt;
    if (!foresee_policy(*all, queue_name, effective)) return std::nullopt;
  }
  return effective;
}

std::optional<Json> RabbitAdmin::effective_policy(const std::string& queue_name, const StopToken& stop) {
  const std::string path = "queues/" + vhost_ + "/" + url_encode(queue_name);
  const StopToken limit = stop.within(kStatisticLimit);
  do {
    // Since 4.0 the plain facts tell; before, only a statistic does.
    for (const char* query : {kNoStatistics, ""}) {
      const auto found = get(path + query, stop);
      if (!found) return std::nullopt;
      if (found->contains("effective_policy_definition")) return table(*found, "effective_policy_definition");
    }
    if (limit.remaining(kStatisticPause) < kStatisticPause) return std::nullopt;
    stop.sleep(kStatisticPause, "waiting for the broker's word on policies");
  } while (true);
}

std::vector<QueueBinding> RabbitAdmin::bindings(const std::string& queue, const StopToken& stop) {
  const auto found = get("queues/" + vhost_ + "/" + url_encode(queue) + "/bindings", stop);
  std::vector<QueueBinding> bindings;
  if (!found || !found->is_array()) return bindings;
  for (const Json& each : *found)
    bindings.push_back(
        {member(each, "source", std::string{}), member(each, "routing_key", std::string{}), table(each, "arguments")});
  return bindings;
}

std::optional<QueueTotals> RabbitAdmin::totals(const std::string& queue, const StopToken& stop) {
  if (counts_single_queues(stop)) {
    const auto found = get("queues/" + vhost_ + "/" + url_encode(queue) + kExact, stop);
    if (!found) return std::nullopt;
    if (const auto totals = totals_of(*found)) return totals;
  }
  // Up to 3.13 only the list has exact counts.
  const auto all = get("queues/" + vhost_ + kExact, stop);
  if (!all || !all->is_array()) return std::nullopt;
  for (const Json& each : *all) {
    if (member(each, "name", std::string{}) != queue) continue;
    if (const auto totals = totals_of(each)) return totals;
    throw Error(ErrorKind::protocol,
                fmt::format("RabbitMQ's management API tells no exact counts of queue '{}'", queue));
  }
  return std::nullopt;
}

std::vector<std::string> RabbitAdmin::alarms(const StopToken& stop) {
  std::vector<std::string> found;
  // Current, where the list of nodes is a statistic; but it answers 503 when there is an alarm, so not by way of get().
  HttpRequest request;
  request.url = base_ + "/api/health/checks/alarms";
  const HttpResponse answer = answer_in_time(http_, request, limit_, stop);
  if (answer.status == 200) return found;
  const Json body = Json::parse(answer.body, nullptr, false);
  if (answer.status == 503 && body.is_object() && body.contains("alarms") && body["alarms"].is_array()) {
    for (const Json& each : body["alarms"])
      found.push_back(fmt::format("{} on {}", member(each, "resource", std::string("resource")),
                                  member(each, "node", std::string("?"))));
    if (found.empty()) found.emplace_back("an alarm");
    return found;
  }
  const auto nodes = get("nodes", stop);  // before 3.8, or without the right
  if (!nodes || !nodes->is_array()) return found;
  for (const Json& each : *nodes) {
    const auto name = member(each, "name", std::string("?"));
    if (member(each, "mem_alarm", false)) found.push_back("memory on " + name);
    if (member(each, "disk_free_alarm", false)) found.push_back("disk on " + name);
  }
  return found;
}

std::vector<std::string> RabbitAdmin::queue_names(const std::string& prefix, const StopToken& stop) {
  const auto all = get("queues/" + vhost_ + kNoStatistics, stop);
  std::vector<std::string> names;
  if (!all || !all->is_array()) return names;
  for (const Json& each : *all)
    if (auto name = member(each, "name", std::string{}); name.rfind(prefix, 0) == 0) names.push_back(std::move(name));
  return names;
}

std::optional<std::chrono::seconds> RabbitAdmin::heartbeat(const std::string& connection, const StopToken& stop) {
  const auto found = get("connections/" + url_encode(connection), stop);
  if (!found || !found->contains("timeout")) return std::nullopt;
  const auto seconds = member(*found, "timeout", std::int64_t{-1});
  return seconds < 0 ? std::nullopt : std::optional(std::chrono::seconds(seconds));
}

bool RabbitAdmin::close_connection(const std::string& name, const StopToken& stop) {
  // One that has ended and is still listed is answered with 500 (seen with 3.10).
  constexpr Millis kStep{100};
  const TimePoint end = Clock::now() + std::chrono::seconds(3);
  for (;;) try {
      return ask("DELETE", "connections/" + url_encode(name), stop).status != 404;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || Clock::now() >= end) throw;
      stop.sleep(kStep, "closing connection " + name);
    }
}

}  // namespace ms2m
