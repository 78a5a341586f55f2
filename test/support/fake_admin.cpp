// FakeBroker's BrokerAdmin half.
#include "support/fake_world.hpp"

namespace ms2m::test {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

void require_reachable(const FakeWorld& world) {
  if (!world.admin_reachable) throw Error(ErrorKind::unavailable, "the management API cannot be reached");
}

/// A read-only call: not hooked, because the sweep is over calls that can leave something half done.
template <typename Work>
auto look(FakeWorld& world, int process, const StopToken& stop, Work work) {
  stop.check("asking the management API");
  world.settle();
  const Lock lock(world.mutex);
  if (world.processes.count(process) == 0) throw Crashed{};
  return work();
}

QueueConsumer consumer_of(const FakeApp& app) {
  QueueConsumer consumer;
  consumer.tag = "ctag-" + app.hostname;
  consumer.connection = "sim " + app.hostname;
  consumer.peer_host = app.options.peer_host;
  consumer.prefetch = app.options.prefetch;
  consumer.ack_required = app.options.manual_acks;
  return consumer;
}

}  // namespace

std::optional<std::string> FakeBroker::version(const StopToken& stop) {
  return look(*world_, process_, stop,
              [&] { return world_->admin_reachable ? std::optional<std::string>("3.10.8") : std::nullopt; });
}

std::optional<QueueFacts> FakeBroker::queue(const std::string& name, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<QueueFacts> {
    require_reachable(*world_);
    const auto found = world_->queues.find(name);
    if (found == world_->queues.end()) return std::nullopt;
    QueueFacts facts;
    facts.type = found->second.type;
    if (world_->unlisted > 0 && --world_->unlisted >= 0) return facts;
    const bool connections = world_->unconnected == 0 || --world_->unconnected < 0;
    for (const auto& [id, app] : world_->apps) {
      if (!app.connected) continue;
      QueueConsumer consumer = consumer_of(app);
      if (!connections) consumer.connection = consumer.peer_host = "";
      if (app.queue == name) facts.consumers.push_back(consumer);
      if (!app.options.also.empty())
        facts.elsewhere.push_back({app.options.also, consumer.connection, consumer.peer_host});
    }
    for (const auto& ghost : world_->ghosts)
      if (ghost.queue == name) facts.consumers.push_back(consumer_of(ghost));
    return facts;
  });
}

std::optional<std::string> FakeBroker::queue_type(const std::string& name, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<std::string> {
    require_reachable(*world_);
    const auto found = world_->queues.find(name);
    if (found == world_->queues.end()) return std::nullopt;
    return found->second.type;
  });
}

std::optional<std::string> FakeBroker::leader(const std::string& queue, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<std::string> {
    require_reachable(*world_);
    const auto found = world_->queues.find(queue);
    if (found == world_->queues.end() || found->second.type != "quorum") return std::nullopt;
    return "rabbit@fake";
  });
}

std::optional<Json> FakeBroker::policy_for(const std::string&, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<Json> {
    require_reachable(*world_);
    if (!world_->policy_judged) return std::nullopt;
    return world_->policy;
  });
}

std::optional<Json> FakeBroker::effective_policy(const std::string& queue_name, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<Json> {
    require_reachable(*world_);
    if (world_->queues.count(queue_name) == 0) return std::nullopt;
    return world_->policy;
  });
}

std::vector<QueueBinding> FakeBroker::bindings(const std::string& queue, const StopToken& stop) {
  return look(*world_, process_, stop, [&] {
    require_reachable(*world_);
    std::vector<QueueBinding> found{{"", queue, Json::object()}};
    for (const auto& [exchange, bindings] : world_->exchanges)
      for (const auto& [bound, key] : bindings)
        if (bound == queue) found.push_back({exchange, key, Json::object()});
    return found;
  });
}

std::optional<QueueTotals> FakeBroker::totals(const std::string& queue, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<QueueTotals> {
    require_reachable(*world_);
    const auto found = world_->queues.find(queue);
    if (found == world_->queues.end()) return std::nullopt;
    return QueueTotals{found->second.ready.size(), world_->unacked(queue)};
  });
}

std::vector<std::string> FakeBroker::alarms(const StopToken& stop) {
  return look(*world_, process_, stop, [&] {
    require_reachable(*world_);
    return world_->alarms;
  });
}

std::vector<std::string> FakeBroker::queue_names(const std::string& prefix, const StopToken& stop) {
  return look(*world_, process_, stop, [&] {
    require_reachable(*world_);
    std::vector<std::string> names;
    for (const auto& [name, queue] : world_->queues)
      if (name.rfind(prefix, 0) == 0) names.push_back(name);
    return names;
  });
}

std::optional<std::chrono::seconds> FakeBroker::heartbeat(const std::string&, const StopToken& stop) {
  return look(*world_, process_, stop, [&]() -> std::optional<std::chrono::seconds> {
    require_reachable(*world_);
    if (world_->untold < 0) throw Error(ErrorKind::forbidden, "the broker does not show this user that connection");
    if (world_->untold > 0 && --world_->untold >= 0) return std::nullopt;
    return std::chrono::seconds(10);
  });
}

bool FakeBroker::close_connection(const std::string& name, const StopToken& stop) {
  require_reachable(*world_);
  return FakeCall::run(*world_, process_, "close connection " + name, stop, [&] {
    for (auto& [id, app] : world_->apps)
      if (app.connected && "sim " + app.hostname == name) {
        world_->disconnect(app);
        return true;
      }
    return false;
  });
}

}  // namespace ms2m::test
