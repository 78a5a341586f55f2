// What the broker is asked.
#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "plan/gathering.hpp"
#include "plan/limits.hpp"

namespace ms2m {
namespace {

/// The management API's lists are up to five seconds old.
constexpr std::chrono::seconds kToldOf{6};

}  // namespace

void Gathering::start_broker() {
  if (!request_.unresolved.empty()) {
    const std::lock_guard lock(mutex_);
    for (const Unresolved& each : request_.unresolved)
      facts_.unasked.push_back({Question::broker, true, {each.text, each.cure}});
    return;
  }
  tasks_.start([this] { ask_broker(); });
  tasks_.start([this] { ask_management(); });
}

/// One after the other: there is one connection.
void Gathering::ask_broker() {
  const auto limit = std::chrono::duration_cast<Clock::duration>(request_.timeouts.connect);
  if (!attempt(Question::broker, {},
               [&] { facts_.broker_version = ports_.broker.server_version(stop_.within(limit)); }))
    return;
  attempt(Question::broker_rights, {false}, [&] {
    facts_.missing_broker_rights =
        ports_.broker.missing_rights(needed_broker_rights(request_, facts_.procedure, new_id()), stop_);
  });
  // Since 4.2.6 even a passive declaration needs a right; the finding names those that are missing.
  const bool allowed = facts_.missing_broker_rights.rights.empty();
  attempt(Question::queue, {allowed}, [&] { facts_.depth = ports_.broker.depth(request_.queue, stop_); });
  if (facts_.procedure.protocol == Protocol::control)
    attempt(Question::control_queue, {allowed},
            [&] { facts_.source_control = ports_.broker.depth(control_queue(pod_hostname(facts_.pod)), stop_); });
  if (facts_.procedure.of_stream() && facts_.source_control) attempt(Question::status, {}, [&] { ask_offset(); });
}

/// One that has no control queue is refused for that.
void Gathering::ask_offset() {
  if (request_.offset_command.empty())
    facts_.stream = ask_status(ports_.broker, control_queue(pod_hostname(facts_.pod)), stop_);
  else
    facts_.stream = status_by_command(ports_.offsets, request_,
                                      offset_question(facts_.pod, facts_.container, request_, "source"), stop_);
}

/// An application's broker user has often no management tag: then there is no management API for us.
void Gathering::ask_management() {
  const bool needed = facts_.procedure.needs_management();
  std::optional<std::string> version;
  if (!attempt(Question::management, {needed}, [&] { version = ports_.admin.version(stop_); }) || !version) return;
  ask(Question::management, {needed}, [this, version] {
    facts_.queue = ports_.admin.queue(request_.queue, stop_);
    if (!facts_.queue || facts_.queue->type != "stream") facts_.totals = ports_.admin.totals(request_.queue, stop_);
    if (facts_.procedure.course == Course::fanout) ask_bindings();
    bool told = ask_heartbeat();
    // A connection is told of some seconds after it was made; where more waits than the valve could keep in order, a
    // move depends on it (quieting.hpp).
    const bool needed_soon = facts_.totals && facts_.totals->ready > kStrictOrderReady;
    const TimePoint end = Clock::now() + kToldOf;
    while (told && needed_soon && !facts_.heartbeat && facts_.queue && facts_.queue->consumers.size() <= 1 &&
           Clock::now() < end) {
      stop_.sleep(Millis{200}, "waiting for the management API to tell of the consumer's connection");
      facts_.queue = ports_.admin.queue(request_.queue, stop_);
      told = ask_heartbeat();
    }
    facts_.admin_version = version;
  });
  ask(Question::policies, {needed},
      [this] { facts_.policy_on_ours = ports_.admin.policy_for(queue_names("a").hold, stop_); });
  ask(Question::alarms, {needed}, [this] { facts_.alarms = ports_.admin.alarms(stop_); });
}

/// False: nobody tells this user.
bool Gathering::ask_heartbeat() try {
  if (facts_.queue && facts_.queue->consumers.size() == 1)
    facts_.heartbeat = ports_.admin.heartbeat(facts_.queue->consumers.front().connection, stop_);
  return true;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::forbidden) throw;
  return false;
}

}  // namespace ms2m
