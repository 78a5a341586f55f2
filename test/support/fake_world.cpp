#include "support/fake_world.hpp"

#include <algorithm>

namespace ms2m::test {
namespace {

void put_back(std::deque<FakeMessage>& from, std::deque<FakeMessage>& to) {
  to.insert(to.begin(), from.begin(), from.end());
  from.clear();
}

FakeMessage take(std::deque<FakeMessage>& from) {
  FakeMessage first = from.front();
  from.pop_front();
  return first;
}

}  // namespace

void FakeWorld::settle() {
  const std::lock_guard lock(mutex);
  if (settling) return;
  settling = true;
  for (auto& [name, queue] : queues) {
    if (!queue.armed) continue;
    if (queue.armed->renewing && processes.count(queue.armed->process) > 0)
      queue.armed->expires = now() + queue.armed->ttl;
    else if (now() >= queue.armed->expires)
      fire(name);
  }
  for (auto& [id, each] : holds)
    if (each.lost > 0 && (--each.lost == 0 || Clock::now() >= each.noticed)) {
      each.lost = 0;
      release(each);
    }
  if (producer) producer();
  std::map<int, std::size_t> budgets;
  for (auto& [id, app] : apps) budgets[id] = app.options.per_settle;
  for (bool progress = true; progress;) {
    progress = false;
    // Valves first: their priority is higher.
    for (auto& [id, each] : holds) progress |= hold(each);
    for (auto& [id, each] : relays) progress |= relay(each);
    for (auto& [id, each] : apps) progress |= work(each, budgets[id]);
  }
  settling = false;
}

void FakeWorld::fire(const std::string& name) {
  auto& queue = queues[name];
  if (!queue.armed) return;
  const auto target = queues.find(queue.armed->control_queue);
  if (target != queues.end())
    for (const auto& each : queue.ready) target->second.ready.push_back(each);
  queue.ready.clear();
  queue.armed.reset();
}

bool FakeWorld::route(const std::string& exchange, const std::string& key, const FakeMessage& message) {
  if (exchange.empty()) {
    const auto found = queues.find(key);
    if (found == queues.end()) return false;
    found->second.ready.push_back(message);
    return true;
  }
  std::set<std::string> targets;
  for (const auto& [queue, unused] : exchanges[exchange])
    if (queues.count(queue) > 0) targets.insert(queue);
  for (const auto& queue : targets) queues[queue].ready.push_back(message);
  return !targets.empty();
}

void FakeWorld::end_process(int process) {
  const std::lock_guard lock(mutex);
  processes.erase(process);
  for (auto& [id, each] : holds)
    if (each.process == process) release(each);
  for (auto& [id, each] : relays)
    if (each.process == process) each.running = false;
}

bool FakeWorld::valve_on(const std::string& queue) const {
  return std::any_of(
      holds.begin(), holds.end(),
      // Nobody reads the one that is lost: it is blocked.
      [&](const auto& each) { return each.second.closed && each.second.lost == 0 && each.second.queue == queue; });
}

std::uint64_t FakeWorld::unacked(const std::string& queue) const {
  std::uint64_t count = 0;
  for (const auto& [id, app] : apps)
    if (app.connected && app.queue == queue) count += app.unacked.size();
  for (const auto& [id, each] : holds)
    if (each.closed && each.queue == queue) count += each.held.size();
  return count;
}

std::set<std::string> FakeWorld::consumers(const std::string& queue) const {
  std::set<std::string> names;
  for (const auto& [id, app] : apps)
    if (app.connected && app.queue == queue) names.insert(app.hostname);
  for (const auto& ghost : ghosts)
    if (ghost.queue == queue) names.insert("ghost of " + ghost.hostname);
  for (const auto& [id, each] : holds)
    if (each.closed && each.queue == queue) names.insert("ms2m valve");
  for (const auto& [id, each] : relays)
    if (each.running && each.spec.from == queue) names.insert("ms2m pump");
  return names;
}

Bytes FakeHold::bytes() const {
  Bytes sum;
  for (const FakeMessage& each : held) sum.count += each.body.size();
  return sum;
}

bool FakeWorld::hold(FakeHold& hold) {
  const auto found = queues.find(hold.queue);
  if (!hold.closed) return false;
  if (found == queues.end()) {
    hold.broken = true;
    hold.closed = false;
    hold.held.clear();
    return false;
  }
  if (hold.lost > 0) return false;
  auto& ready = found->second.ready;
  const bool progress = !ready.empty();
  while (!ready.empty()) hold.held.push_back(take(ready));
  hold.most = std::max<std::uint64_t>(hold.most, hold.held.size());
  const bool over = hold.until && Clock::now() >= *hold.until;
  hold.full = hold.held.size() > hold.max_held || hold.bytes() > hold.max_bytes;
  if (!hold.full && !over) return progress;
  give_up(hold);
  return true;
}

void FakeWorld::give_up(FakeHold& hold) {
  hold.broken = hold.returned = true;
  release(hold);
}

void FakeWorld::block(FakeHold& hold) {
  constexpr std::size_t kUnsent = 200, kFlood = 150;
  auto& ready = queues.at(hold.queue).ready;
  if (ready.size() > kFlood) hold.flooded = now();
  if (ready.size() <= kUnsent) return;
  for (std::size_t i = 0; i < kUnsent; ++i) hold.held.push_back(take(ready));
  for (auto& [id, app] : apps) {
    if (!app.alive || app.frozen || app.hung || !app.connected || app.queue != hold.queue) continue;
    while (!app.unacked.empty()) app.applied.push_back(take(app.unacked).id);
    while (!ready.empty() && app.unacked.size() < app.options.prefetch) app.unacked.push_back(take(ready));
  }
}

void FakeWorld::release(FakeHold& hold) {
  if (!hold.closed) return;
  hold.closed = false;
  if (const auto found = queues.find(hold.queue); found != queues.end()) put_back(hold.held, found->second.ready);
  hold.held.clear();
}

bool FakeWorld::relay(FakeRelay& relay) {
  if (!relay.running) return false;
  const auto from = queues.find(relay.spec.from);
  const auto follow = queues.find(relay.spec.follow);
  if (from == queues.end() || follow == queues.end()) {
    relay.running = false;
    relay.failure = "a queue was deleted";
    return false;
  }
  if (valve_on(relay.spec.from)) return false;
  const TimePoint time = now();
  relay.tokens =
      std::min(relay.tokens + seconds_between(relay.filled, time) * relay.limit, std::max(1.0, relay.limit / 20));
  relay.filled = time;
  bool progress = false;
  while (!from->second.ready.empty()) {
    const auto ahead = follow->second.ready.size() + unacked(relay.spec.follow);
    if (ahead >= relay.spec.max_window || (relay.limit > 0 && relay.tokens < 1)) break;
    // Paced: one after the other, with a rest between them.
    if (relay.spec.pace.share < 1 && (ahead > 0 || time < relay.rest_until)) break;
    if (!route(relay.spec.exchange, "", from->second.ready.front())) {
      relay.running = false;
      relay.failure = "no queue is bound to '" + relay.spec.exchange + "'";
      break;
    }
    from->second.ready.pop_front();
    ++relay.relayed;
    relay.tokens -= 1;
    relay.rest_until = time + std::chrono::milliseconds(1);
    progress = true;
  }
  return progress;
}

void FakeWorld::connect(FakeApp& app) {
  app.connected = true;
  if (app.options.control != ConsumerOptions::Control::none) {
    queues[app.control()];  // declared by the consumer itself, as published ones do
    obey(app);
  }
  queues[app.queue];
}

void FakeWorld::disconnect(FakeApp& app) {
  app.connected = false;
  if (const auto found = queues.find(app.queue); found != queues.end()) put_back(app.unacked, found->second.ready);
  app.unacked.clear();
  if (app.standing) queues[app.control()].ready.push_front(*std::exchange(app.standing, std::nullopt));
  app.back_at = Clock::now() + app.options.away;
  if (app.options.forgetful) app.queue = app.primary;
}

bool FakeWorld::obey(FakeApp& app) {
  const auto control = queues.find(app.control());
  if (control == queues.end()) return false;
  bool progress = false;
  while (!control->second.ready.empty()) {
    const auto message = take(control->second.ready);
    progress = true;
    if (app.options.control == ConsumerOptions::Control::ignores) continue;
    const Json command = Json::parse(message.body, nullptr, false);
    if (!command.is_object()) continue;
    if (app.options.stream) {
      obey_in_stream(app, message);
      continue;
    }
    const std::string type = command.value("type", "");
    std::string to = app.queue;
    if (type == "END_REPLAY") to = app.primary;
    if (type == "START_REPLAY" && command.contains("payload")) to = command["payload"].value("queue", app.queue);
    if (to == app.queue) continue;
    // It closes its data channel: what was delivered and not begun goes back in order, what was begun is finished.
    if (const auto old = queues.find(app.queue); old != queues.end()) put_back(app.unacked, old->second.ready);
    app.unacked.clear();
    app.queue = to;
    queues[app.queue];
  }
  return progress;
}

void FakeApp::begin_anew() {
  applied.clear();
  queue = primary;
  role.clear();
  until.reset();
  from = options.begins;
  first = offset = -1;
}

void FakeWorld::obey_in_stream(FakeApp& app, const FakeMessage& message) {
  const Json command = Json::parse(message.body);
  const std::string type = command.value("type", "");
  const Json payload = command.value("payload", Json::object());
  app.standing.reset();
  app.until.reset();
  if (type == "START_REPLAY") {
    app.standing = message;
    app.queue = payload.value("queue", app.queue);
    app.role = payload.value("role", "");
    if (payload.contains("until")) app.until = payload["until"].get<std::int64_t>();
    if (app.offset < 0 && payload.contains("from"))
      app.from = payload["from"].is_number() ? payload["from"].get<std::int64_t>() : 0;
  } else {
    app.queue = app.primary;
    app.role.clear();
  }
  queues[app.queue];
}

bool FakeWorld::read_stream(FakeApp& app, std::size_t& budget) {
  const auto& log = queues[app.queue].ready;
  bool progress = false;
  for (auto at = app.offset < 0 ? app.from : app.offset + 1;
       budget > 0 && at < std::ssize(log) && (!app.until || at <= *app.until); ++at, --budget) {
    const std::string& id = log[static_cast<std::size_t>(at)].id;
    app.applied.push_back(id);
    if (app.role != "target") effects.push_back(id);
    app.offset = at;
    if (app.first < 0) app.first = at;
    progress = true;
  }
  return progress;
}

bool FakeWorld::work(FakeApp& app, std::size_t& budget) {
  using Control = ConsumerOptions::Control;
  if (!app.alive || app.frozen || app.hung) return false;
  if (!app.connected && Clock::now() < app.back_at) return false;
  if (!app.connected || queues.count(app.queue) == 0) connect(app);
  bool progress = false;
  if (app.options.control == Control::subscribes || app.options.control == Control::ignores) progress |= obey(app);
  if (queues[app.queue].type == "stream") return read_stream(app, budget) || progress;
  if (!valve_on(app.queue)) {
    auto& ready = queues[app.queue].ready;
    if (app.unacked.empty()) app.batch_since = Clock::now();
    while (!ready.empty() && app.unacked.size() < app.options.prefetch) app.unacked.push_back(take(ready));
  }
  const auto ready_to_work = [&] {
    return !app.unacked.empty() &&
           (app.unacked.size() >= app.options.batch || Clock::now() - app.batch_since > app.options.flush_after);
  };
  while (budget > 0 && ready_to_work()) {
    for (std::size_t i = 0; i < app.options.batch && !app.unacked.empty(); ++i)
      app.applied.push_back(take(app.unacked).id);
    app.batch_since = Clock::now();
    --budget;
    progress = true;
  }
  // It looks only when it has nothing to do.
  if (app.options.control == Control::polls && app.unacked.empty() &&
      (valve_on(app.queue) || queues[app.queue].ready.empty()))
    progress |= obey(app);
  return progress;
}

}  // namespace ms2m::test
