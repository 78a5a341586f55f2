// What a migration has left that no journal here knows: its machine, or its user, is another one.
#pragma once
#include <string>
#include <vector>

#include "ms2m/migrator.hpp"
#include "ms2m/place.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Where and of what remnants are looked for.
struct RemnantQuestion {
  std::string ns;
  std::string migration;           ///< its id, of which no journal here tells; empty: of all that are not `known`
  std::vector<std::string> known;  ///< ids that a journal here, or an object in the namespace, tells of
  bool remove = false;             ///< what can be removed
  Place place{};                   ///< for the commands
};

struct Remnant {
  std::string migration;
  std::string what;  ///< "queue ms2m.m7k2q9.hold"
  bool removed = false;
  std::string kept;     ///< why it is not to be removed; empty: it is
  std::string command;  ///< kept: what removes it, or shows it, by hand; empty: none
};

/// Of one migration: objects in that namespace by their label, queues at the broker by their names. Nothing is removed
/// of one that may be under way, that is whose lease was renewed less than an hour ago, or whose dead man's switch is
/// armed, or whose queue is not on that broker; nor a pod that has run, or that no lease tells of, nor a queue with a
/// message or a consumer. Without an id queues alone, and they are only told:
/// another cluster's cannot be told from nobody's. Idempotent. Errors as the ports': what could not be asked is not
/// taken for gone.
std::vector<Remnant> find_remnants(const Migrator::Ports& ports, const RemnantQuestion& question,
                                   const StopToken& stop);

}  // namespace ms2m
