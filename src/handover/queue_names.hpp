// The queues of a migration, and what is said in control queues. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace ms2m {

/// `ms2m.control.<host name of the pod, from /etc/hostname>` (pod_hostname()).
std::string control_queue(const std::string& hostname);

struct QueueNames {
  std::string hold, dead_man, pivot, tee, source, target;
};
QueueNames queue_names(const std::string& id);
/// The exchange by which the pump puts back what its tee did not take (PumpSpec::way_back).
std::string way_back_of(const std::string& tee);

/// The control messages, DESIGN section 3. Role and migration tell an application whether to mute its side effects.
std::string start_replay(const std::string& queue, const std::string& role, const std::string& id);
std::string end_replay(const std::string& role, const std::string& id);

/// Where a stream is to be read from, if that is said as an offset.
std::optional<std::int64_t> offset_in(const std::string& from);
/// To the target of a stream: reads it from `from` on (a consumer that has read nothing yet; empty: it has), and no
/// message after `until` (-1: none at all).
std::string replay_until(const std::string& stream, const std::string& from, std::int64_t until, const std::string& id);

}  // namespace ms2m
