#include "support/fake_broker.hpp"

#include <algorithm>

#include "support/fake_world.hpp"

namespace ms2m::test {

using Lock = std::lock_guard<std::recursive_mutex>;

namespace {

class FakeDeadMan : public DeadMan {
 public:
  FakeDeadMan(std::shared_ptr<FakeWorld> world, int process, std::string queue, int number, Millis ttl)
      : world_(std::move(world)), process_(process), queue_(std::move(queue)), number_(number), ttl_(ttl) {}
  ~FakeDeadMan() override { stop(); }

  bool fired() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    const auto found = world_->queues.find(queue_);
    fired_ = fired_ || found == world_->queues.end() || !found->second.armed || found->second.armed->number != number_;
    return fired_;
  }
  Millis margin() const noexcept override { return ttl_; }
  void stop_renewing() noexcept override {
    try {
      FakeCall::run(*world_, process_, "stop renewing " + queue_, StopToken{}, [&] { stop(); });
    } catch (...) {  // the hook's; this method cannot fail
      stop();
    }
  }

 private:
  void stop() noexcept {
    const Lock lock(world_->mutex);
    const auto found = world_->queues.find(queue_);
    if (found != world_->queues.end() && found->second.armed && found->second.armed->number == number_)
      found->second.armed->renewing = false;
  }
  std::shared_ptr<FakeWorld> world_;
  int process_;
  std::string queue_;
  int number_;
  Millis ttl_;
  mutable bool fired_ = false;
};

class FakeValve : public Valve {
 public:
  FakeValve(std::shared_ptr<FakeWorld> world, int process, int id)
      : world_(std::move(world)), process_(process), id_(id) {}
  ~FakeValve() override {
    const Lock lock(world_->mutex);
    if (hold().lost == 0) world_->release(hold());
  }
  std::uint64_t held() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    return hold().broken ? 0 : hold().held.size();
  }
  std::uint64_t ready_at_closing() const noexcept override {
    const Lock lock(world_->mutex);
    return hold().ready_at_closing;
  }
  Bytes held_bytes() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    return hold().broken ? Bytes{} : hold().bytes();
  }
  bool broken() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    return hold().broken;
  }
  bool full() const noexcept override {
    const Lock lock(world_->mutex);
    return hold().full;
  }
  std::optional<TimePoint> flooded() const noexcept override {
    const Lock lock(world_->mutex);
    return hold().flooded;
  }
  void settle(const StopToken& stop) override {
    FakeCall::run(*world_, process_, "settle valve " + hold().queue, stop, [&] {
      if (!hold().closed || hold().broken) throw Error(ErrorKind::unavailable, "the valve is not closed any more");
    });
  }
  bool keep() noexcept override {
    const Lock lock(world_->mutex);
    hold().until.reset();
    return hold().closed && !hold().broken;
  }
  bool returned() const noexcept override {
    const Lock lock(world_->mutex);
    return hold().returned;
  }
  std::uint64_t open() override {
    return FakeCall::run(*world_, process_, "open valve " + hold().queue, StopToken{}, [&] {
      const auto most = hold().most;
      if (hold().lost > 0) return most;
      hold().returned = hold().returned || (hold().closed && !hold().broken);
      world_->release(hold());
      return most;
    });
  }

 private:
  FakeHold& hold() const { return world_->holds.at(id_); }
  std::shared_ptr<FakeWorld> world_;
  int process_;
  int id_;
};

class FakePump : public Pump {
 public:
  FakePump(std::shared_ptr<FakeWorld> world, int process, int id)
      : world_(std::move(world)), process_(process), id_(id) {}
  ~FakePump() override {
    const Lock lock(world_->mutex);
    relay().running = false;
  }
  PumpStats stats() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    PumpStats stats;
    stats.relayed = relay().relayed;
    stats.arrival_rate =
        static_cast<double>(stats.relayed) / std::max(0.25, seconds_between(relay().started, world_->now()));
    return stats;
  }
  bool broken() const noexcept override {
    world_->settle();
    const Lock lock(world_->mutex);
    return !relay().failure.empty();
  }
  std::string failure() const override {
    const Lock lock(world_->mutex);
    return relay().failure;
  }
  void limit(double messages_per_second) noexcept override {
    const Lock lock(world_->mutex);
    relay().limit = messages_per_second;
  }
  void pace(const Pace& pace) noexcept override {
    const Lock lock(world_->mutex);
    relay().spec.pace = pace;
  }
  PumpStats stop(const StopToken& stop) override {
    FakeCall::run(*world_, process_, "stop pump " + relay().spec.from, stop, [&] { relay().running = false; });
    return stats();
  }

 private:
  FakeRelay& relay() const { return world_->relays.at(id_); }
  std::shared_ptr<FakeWorld> world_;
  int process_;
  int id_;
};

}  // namespace

FakeBroker::FakeBroker(FakeServer& server) : world_(server.world_) {
  const Lock lock(world_->mutex);
  process_ = ++world_->next;
  world_->processes.insert(process_);
}

FakeBroker::~FakeBroker() { world_->end_process(process_); }
void FakeBroker::crash() { world_->end_process(process_); }

std::string FakeBroker::server_version(const StopToken&) { return "3.10.8"; }

/// Not hooked: it changes nothing.
MissingBrokerRights FakeBroker::missing_rights(const std::vector<BrokerRight>& rights, const StopToken& stop) {
  stop.check("asking for rights");
  const Lock lock(world_->mutex);
  if (world_->processes.count(process_) == 0) throw Crashed{};
  MissingBrokerRights missing;
  missing.vhost = "/";
  for (const BrokerRight& right : rights)
    if (world_->forbidden.count(right.access) != 0) missing.rights.push_back(right);
  if (!missing.rights.empty()) missing.user = "app";
  return missing;
}

std::optional<QueueDepth> FakeBroker::depth(const std::string& queue, const StopToken& stop) {
  return FakeCall::run(*world_, process_, "depth " + queue, stop, [&]() -> std::optional<QueueDepth> {
    const auto found = world_->queues.find(queue);
    if (found == world_->queues.end()) return std::nullopt;
    if (found->second.leaderless > 0 && --found->second.leaderless >= 0) return QueueDepth{};
    if (found->second.type == "stream") return QueueDepth{found->second.ready.size(), 0};  // it does not count them
    return QueueDepth{found->second.ready.size(), world_->consumers(queue).size()};
  });
}

void FakeBroker::declare_queue(const QueueSpec& spec, const StopToken& stop) {
  FakeCall::run(*world_, process_, "declare " + spec.name, stop, [&] {
    const bool arguments = spec.message_ttl || spec.dead_letter_routing_key;
    const auto [found, fresh] = world_->queues.try_emplace(spec.name);
    if (fresh) {
      found->second.arguments = arguments;
      found->second.type = world_->default_type;
    }
    if (found->second.arguments != arguments)
      throw Error(ErrorKind::conflict, "PRECONDITION_FAILED - inequivalent arg for queue '" + spec.name + "'");
  });
}

bool FakeBroker::delete_queue(const std::string& queue, const StopToken& stop) {
  return FakeCall::run(*world_, process_, "delete " + queue, stop, [&] {
    for (auto& [exchange, bindings] : world_->exchanges)
      std::erase_if(bindings, [&](const auto& binding) { return binding.first == queue; });
    return world_->queues.erase(queue) > 0;
  });
}

std::uint64_t FakeBroker::purge_queue(const std::string& queue, const StopToken& stop) {
  return FakeCall::run(*world_, process_, "purge " + queue, stop, [&]() -> std::uint64_t {
    const auto found = world_->queues.find(queue);
    if (found == world_->queues.end()) return 0;
    const auto count = found->second.ready.size();
    found->second.ready.clear();
    found->second.armed.reset();
    return count;
  });
}

std::uint64_t FakeBroker::give_back(const std::string& from, const std::string& to, const std::string&,
                                    const StopToken& stop) {
  return FakeCall::run(*world_, process_, "give back " + from, stop, [&]() -> std::uint64_t {
    const auto found = world_->queues.find(from);
    if (found == world_->queues.end()) return 0;
    if (world_->queues.count(to) == 0) throw Error(ErrorKind::not_found, "NOT_FOUND - no queue '" + to + "'");
    const auto count = found->second.ready.size();
    for (FakeMessage& each : found->second.ready) world_->queues[to].ready.push_back(std::move(each));
    found->second.ready.clear();
    return count;
  });
}

void FakeBroker::declare_fanout(const std::string& exchange, const StopToken& stop) {
  FakeCall::run(*world_, process_, "declare exchange " + exchange, stop, [&] { world_->exchanges[exchange]; });
}

bool FakeBroker::delete_exchange(const std::string& exchange, const StopToken& stop) {
  return FakeCall::run(*world_, process_, "delete exchange " + exchange, stop,
                       [&] { return world_->exchanges.erase(exchange) > 0; });
}

void FakeBroker::bind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                            const StopToken& stop) {
  FakeCall::run(*world_, process_, "bind " + queue + " " + exchange, stop, [&] {
    if (world_->queues.count(queue) == 0 || world_->exchanges.count(exchange) == 0)
      throw Error(ErrorKind::not_found, "NOT_FOUND - no queue '" + queue + "' or exchange '" + exchange + "'");
    world_->exchanges[exchange].insert({queue, key});
  });
}

void FakeBroker::unbind_queue(const std::string& queue, const std::string& exchange, const std::string& key,
                              const StopToken& stop) {
  FakeCall::run(*world_, process_, "unbind " + queue + " " + exchange, stop, [&] {
    if (const auto found = world_->exchanges.find(exchange); found != world_->exchanges.end())
      found->second.erase({queue, key});
  });
}

void FakeBroker::publish(const Outgoing& message, const StopToken& stop) {
  FakeCall::run(*world_, process_, "publish " + message.exchange + message.routing_key, stop, [&] {
    const std::string id = message.message_id.empty() ? message.body : message.message_id;
    if (!world_->route(message.exchange, message.routing_key, {id, message.body}))
      throw Error(ErrorKind::not_found, "there is no queue '" + message.routing_key + "' for a message to it");
  });
}

std::string FakeBroker::ask(const std::string& queue, const std::string&, const StopToken& stop) {
  return FakeCall::run(*world_, process_, "ask " + queue, stop, [&] {
    if (world_->queues.count(queue) == 0)
      throw Error(ErrorKind::not_found, "there is no queue '" + queue + "' for a question to it");
    for (const auto& [id, app] : world_->apps) {
      if (!app.options.stream || app.options.silent || !app.alive || app.frozen || app.hung || !app.connected ||
          app.control() != queue)
        continue;
      const auto number = [](std::int64_t offset) { return offset < 0 ? Json(nullptr) : Json(offset); };
      const std::string state = app.options.tells.empty()
                                    ? std::to_string(app.applied.size()) + " " + Json(app.applied).dump()
                                    : app.options.tells + app.hostname;
      return Json{{"type", "STATUS"},
                  {"payload",
                   {{"queue", app.queue},
                    {"role", app.role.empty() ? Json(nullptr) : Json(app.role)},
                    {"first", number(app.first)},
                    {"offset", number(app.offset)},
                    {"state", state}}}}
          .dump();
    }
    throw Error(ErrorKind::timeout, "timed out waiting for messages");
  });
}

std::unique_ptr<DeadMan> FakeBroker::arm(const DeadManSpec& spec, const StopToken& stop) {
  const int number = FakeCall::run(*world_, process_, "arm " + spec.queue, stop, [&] {
    if (world_->queues.count(spec.control_queue) == 0)
      throw Error(ErrorKind::not_found, "NOT_FOUND - no queue '" + spec.control_queue + "'");
    auto& queue = world_->queues[spec.queue];
    queue.arguments = true;
    queue.ready = {{"deadman", spec.message}};
    queue.armed = FakeSwitch{process_, ++world_->next, true, spec.ttl, world_->now() + spec.ttl, spec.control_queue};
    return queue.armed->number;
  });
  return std::make_unique<FakeDeadMan>(world_, process_, spec.queue, number, spec.ttl);
}

std::unique_ptr<Valve> FakeBroker::close_valve(const ValveSpec& spec, const StopToken& stop) {
  const std::string& queue = spec.queue;
  StopToken limit = stop;
  const bool looks = spec.may_close || spec.ready_at_most < ValveSpec{}.ready_at_most;
  const std::uint64_t ready = looks ? depth(queue, stop).value_or(QueueDepth{}).ready : 0;
  if ((spec.may_close && !spec.may_close(ready, limit)) || ready > spec.ready_at_most) return nullptr;
  int closed = 0;
  const auto close = [&] {
    const auto found = world_->queues.find(queue);
    if (found == world_->queues.end()) throw Error(ErrorKind::not_found, "NOT_FOUND - no queue '" + queue + "'");
    if (found->second.ready.size() > spec.ready_at_most) return 0;
    FakeHold hold;
    if (spec.provisional) hold.until = limit.deadline();
    hold.process = process_;
    hold.queue = queue;
    hold.max_held = spec.max_held;
    hold.max_bytes = spec.max_held_bytes;
    hold.ready_at_closing = found->second.ready.size();
    const int number = ++world_->next;
    world_->holds[number] = std::move(hold);
    world_->block(world_->holds[number]);
    return closed = number;
  };
  try {
    if (FakeCall::run(*world_, process_, "close valve " + queue, limit, close) == 0) return nullptr;
  } catch (const Error&) {  // the answer was lost, with its connection
    const Lock lock(world_->mutex);
    if (closed > 0) {
      world_->holds[closed].lost = 20;
      world_->holds[closed].noticed = Clock::now() + Millis{1500};
    }
    throw;
  }
  return std::make_unique<FakeValve>(world_, process_, closed);
}

std::unique_ptr<Pump> FakeBroker::start_pump(const PumpSpec& spec, const StopToken& stop) {
  int id = 0;
  try {
    FakeCall::run(*world_, process_, "start pump " + spec.from, stop, [&] {
      if (world_->queues.count(spec.from) == 0 || world_->queues.count(spec.follow) == 0 ||
          world_->exchanges.count(spec.exchange) == 0)
        throw Error(ErrorKind::not_found, "NOT_FOUND - queue or exchange of the pump");
      FakeRelay relay;
      relay.process = process_;
      relay.spec = spec;
      relay.started = relay.filled = world_->now();
      const int number = ++world_->next;
      world_->relays[number] = std::move(relay);
      return id = number;
    });
  } catch (...) {
    if (id != 0)
      FakePump(world_, process_, id);  // its owner was never told: it ends as a constructor that throws ends it
    throw;
  }
  return std::make_unique<FakePump>(world_, process_, id);
}

PivotResult FakeBroker::pivot(const std::string& dead_man_queue, const std::vector<Outgoing>& messages,
                              const StopToken& stop) {
  return FakeCall::run(*world_, process_, "pivot " + dead_man_queue, stop, [&] {
    for (const auto& each : messages)
      if (each.exchange.empty() && world_->queues.count(each.routing_key) == 0)
        throw Error(ErrorKind::not_found, "NOT_FOUND - no queue '" + each.routing_key + "'");
    const auto found = world_->queues.find(dead_man_queue);
    if (found == world_->queues.end() || !found->second.armed) return PivotResult::fired;
    found->second.armed.reset();
    found->second.ready.clear();
    for (const auto& each : messages)
      world_->route(each.exchange, each.routing_key,
                    {each.message_id.empty() ? each.body : each.message_id, each.body});
    return PivotResult::done;
  });
}

}  // namespace ms2m::test
