#include "support/fake_world.hpp"

namespace ms2m::test {

using Lock = std::lock_guard<std::recursive_mutex>;

SimConsumer::SimConsumer(std::shared_ptr<FakeWorld> world, int id) : world_(std::move(world)), id_(id) {}
SimConsumer::~SimConsumer() { kill(); }

std::string SimConsumer::hostname() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).hostname;
}
std::string SimConsumer::queue() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).queue;
}
bool SimConsumer::alive() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).alive;
}
bool SimConsumer::frozen() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).frozen;
}
std::string SimConsumer::peer_host() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).options.peer_host;
}
std::int64_t SimConsumer::offset() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).offset;
}
std::vector<std::string> SimConsumer::applied() const {
  const Lock lock(world_->mutex);
  return world_->apps.at(id_).applied;
}
ConsumerImage SimConsumer::checkpoint() const {
  const Lock lock(world_->mutex);
  const auto& app = world_->apps.at(id_);
  return {app.applied, app.primary, app.queue, app.role, app.first, app.offset};
}
void SimConsumer::freeze() {
  const Lock lock(world_->mutex);
  world_->apps.at(id_).frozen = true;
}
void SimConsumer::thaw() {
  const Lock lock(world_->mutex);
  world_->apps.at(id_).frozen = false;
}
void SimConsumer::hang() {
  const Lock lock(world_->mutex);
  world_->apps.at(id_).hung = true;
}
void SimConsumer::wake() {
  const Lock lock(world_->mutex);
  world_->apps.at(id_).hung = false;
}
void SimConsumer::kill() {
  const Lock lock(world_->mutex);
  auto& app = world_->apps.at(id_);
  if (!app.alive) return;
  app.alive = false;
  world_->disconnect(app);
}
void SimConsumer::restart_cold() {
  const Lock lock(world_->mutex);
  auto& app = world_->apps.at(id_);
  world_->disconnect(app);
  app.alive = true;
  app.frozen = app.hung = false;
  app.begin_anew();
}

FakeServer::FakeServer() : world_(std::make_shared<FakeWorld>()) {}
FakeServer::~FakeServer() {
  const Lock lock(world_->mutex);
  world_->hook = nullptr;
  world_->producer = nullptr;
}

void FakeServer::declare(const std::string& queue, const std::string& type) {
  const Lock lock(world_->mutex);
  world_->queues[queue].type = type;
}

void FakeServer::publish(const std::string& queue, const std::string& id) {
  const Lock lock(world_->mutex);
  world_->queues[queue].ready.push_back({id, id});
  world_->published[queue].push_back(id);
}

void FakeServer::set_producer(std::function<void(FakeServer&)> producer) {
  const Lock lock(world_->mutex);
  world_->producer = producer ? [this, producer = std::move(producer)] { producer(*this); } : std::function<void()>{};
}

std::unique_ptr<SimConsumer> FakeServer::start(const std::string& hostname, const std::string& primary,
                                               ConsumerOptions options) {
  return restore(hostname, {{}, primary, primary}, std::move(options));
}

std::unique_ptr<SimConsumer> FakeServer::restore(const std::string& hostname, const ConsumerImage& image,
                                                 ConsumerOptions options) {
  const Lock lock(world_->mutex);
  FakeApp app;
  app.id = ++world_->next;
  app.hostname = hostname;
  app.primary = image.primary;
  app.queue = image.queue;
  app.applied = image.applied;
  app.role = image.role;
  app.first = image.first;
  app.offset = image.offset;
  app.options = std::move(options);
  app.hung = app.options.hangs;
  app.from = app.options.begins;
  if (app.options.peer_host.empty()) app.options.peer_host = "10.9.0." + std::to_string(app.id);
  const int id = app.id;
  world_->apps[id] = std::move(app);
  return std::unique_ptr<SimConsumer>(new SimConsumer(world_, id));
}

void FakeServer::flood_valve(const std::vector<std::string>& ids) {
  const Lock lock(world_->mutex);
  for (auto& [number, hold] : world_->holds) {
    if (!hold.closed) continue;
    hold.flooded = world_->now();
    for (const auto& id : ids) {
      world_->published[hold.queue].push_back(id);
      for (auto& [app_id, app] : world_->apps)
        if (app.alive && app.connected && app.queue == hold.queue) app.unacked.push_back({id, id});
    }
  }
}

std::vector<std::string> FakeServer::published(const std::string& queue) const {
  const Lock lock(world_->mutex);
  const auto found = world_->published.find(queue);
  return found == world_->published.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> FakeServer::ready(const std::string& queue) const {
  const Lock lock(world_->mutex);
  std::vector<std::string> ids;
  if (const auto found = world_->queues.find(queue); found != world_->queues.end())
    for (const auto& each : found->second.ready) ids.push_back(each.id);
  return ids;
}

std::vector<std::string> FakeServer::effects() const {
  const Lock lock(world_->mutex);
  return world_->effects;
}

std::vector<std::string> FakeServer::queues() const {
  const Lock lock(world_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, queue] : world_->queues) names.push_back(name);
  return names;
}

std::vector<std::string> FakeServer::exchanges() const {
  const Lock lock(world_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, bindings] : world_->exchanges) names.push_back(name);
  return names;
}

std::set<std::string> FakeServer::consumers(const std::string& queue) const {
  const Lock lock(world_->mutex);
  return world_->consumers(queue);
}

std::vector<std::string> FakeServer::calls() const {
  const Lock lock(world_->mutex);
  return world_->calls;
}

void FakeServer::settle() { world_->settle(); }

void FakeServer::advance(Millis time) {
  world_->settle();  // what is renewed is renewed until now
  {
    const Lock lock(world_->mutex);
    world_->offset += time;
  }
  world_->settle();
}

void FakeServer::fire_dead_man(const std::string& queue) {
  const Lock lock(world_->mutex);
  if (world_->queues.count(queue) > 0) world_->fire(queue);
}

void FakeServer::set_alarms(std::vector<std::string> alarms) {
  const Lock lock(world_->mutex);
  world_->alarms = std::move(alarms);
}

void FakeServer::cut_connection(const std::string& hostname) {
  const std::lock_guard lock(world_->mutex);
  for (auto& [id, app] : world_->apps)
    if (app.hostname == hostname && app.connected) world_->disconnect(app);
}

void FakeServer::cut_connection_silently(const std::string& hostname) {
  const std::lock_guard lock(world_->mutex);
  for (auto& [id, app] : world_->apps)
    if (app.hostname == hostname && app.connected) {
      world_->ghosts.push_back(app);
      world_->disconnect(app);
    }
}

void FakeServer::set_unlisted(int looks) {
  const std::lock_guard lock(world_->mutex);
  world_->unlisted = looks;
}

void FakeServer::set_unconnected(int looks) {
  const std::lock_guard lock(world_->mutex);
  world_->unconnected = looks;
}

void FakeServer::set_admin_reachable(bool reachable) {
  const Lock lock(world_->mutex);
  world_->admin_reachable = reachable;
}

void FakeServer::lose_leader(const std::string& queue, int looks) {
  const Lock lock(world_->mutex);
  world_->queues.at(queue).leaderless = looks;
}

void FakeServer::forbid(std::vector<BrokerAccess> accesses) {
  const Lock lock(world_->mutex);
  world_->forbidden = {accesses.begin(), accesses.end()};
}

void FakeServer::set_policy(Json definition, bool judged) {
  const Lock lock(world_->mutex);
  world_->policy = std::move(definition);
  world_->policy_judged = judged;
}

void FakeServer::set_default_type(const std::string& type) {
  const Lock lock(world_->mutex);
  world_->default_type = type;
}

void FakeServer::break_pump() {
  const Lock lock(world_->mutex);
  for (auto& [id, each] : world_->relays) {
    if (!each.running) continue;
    each.running = false;
    each.failure = "the connection to the broker is lost";
  }
}

void FakeServer::hide_heartbeats(int questions) {
  const Lock lock(world_->mutex);
  world_->untold = questions;
}

void FakeServer::break_valve(int noticed_after) {
  const Lock lock(world_->mutex);
  for (auto& [id, each] : world_->holds) {
    if (!each.closed) continue;
    each.broken = true;
    each.lost = noticed_after;
    if (noticed_after == 0) world_->release(each);
  }
}

void FakeServer::set_hook(std::function<void(const std::string&, bool)> hook) {
  const Lock lock(world_->mutex);
  world_->hook = std::move(hook);
}

}  // namespace ms2m::test
