// How the source will be made quiet, how long that takes, and how long it may stand still at work for it. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "plan/facts.hpp"

namespace ms2m {

/// From the beginning of a freeze until the kubelet starts the container again, at the earliest: the first probe can
/// come right after it. nullopt: it has no liveness probe.
std::optional<Seconds> liveness_allows(const Facts& facts);

/// How long it stands still after it has become quiet, about: in the dump, or to its end.
Seconds frozen_in_the_move(const Facts& facts);

/// More comes than it manages, as far as the rates are told.
bool is_outrun(const Facts& facts);

enum class QuietWay {
  command,       ///< it is told, and obeys
  valve,         ///< it does not look while it has work: the valve keeps that from it
  frozen_valve,  ///< more waits than the valve could keep in order: it closes while the source stands still
};

struct QuietForecast {
  QuietWay way = QuietWay::command;
  Seconds time{0};               ///< about
  Seconds frozen{0};             ///< of it
  std::uint64_t held = 0;        ///< by the valve when it has closed, about
  std::optional<Bytes> bytes{};  ///< of their bodies, about; nullopt: not told
  std::string because{};         ///< "it polls its control queue, and 800 messages wait"
};
QuietForecast forecast_quiet(const Facts& facts, const MigrationRequest& request);

/// A freeze of a source that is at work, in which the valve closes. Whoever goes silent in the middle is gone for the
/// broker before the source runs again: else it could be served past a valve that nobody reads.
struct FreezeBudget {
  Millis limit{0};                    ///< the node thaws it then
  Millis work{0};                     ///< ms2m gives up then; not positive: there is no time at all
  std::chrono::seconds heartbeat{1};  ///< of the valve's connection, at most
  Millis linger{0};                   ///< FreezeTerms::linger
  std::string bound{};                ///< what the limit is: "--freeze-limit"
};
/// `heartbeat`: of the source's connection, 0: none. A connection that is lost by a source at work doubles what it has
/// been sent.
FreezeBudget freeze_budget(const Facts& facts, const MigrationRequest& request, std::chrono::seconds heartbeat);

/// How long it takes to take so many messages, at least.
Seconds time_to_take(std::uint64_t messages);

/// The primary is a quorum queue, or of a type that is not known: kQuorumHeld counts.
bool quorum_bounds(const Facts& facts);
/// "a quorum queue gives one consumer no more than 2000 messages"
std::string quorum_words(const Facts& facts);
inline constexpr const char* kBelowQuorum =
    "run ms2m again when fewer wait, or let the consumer subscribe to its control queue (ms2m-protocol(7))";

/// Of `ready` messages, by the mean size of those that are there; nullopt: not told.
std::optional<Bytes> bytes_of(const Facts& facts, std::uint64_t ready);

/// "1.0 KiB", "1000.0 MiB"
std::string size_words(Bytes bytes);

/// Why the valve may not hold so many bytes; nullopt: it may, or nobody knows how many they are.
std::optional<Trouble> against_bytes(const MigrationRequest& request, std::uint64_t messages,
                                     std::optional<Bytes> bytes);

/// Why the valve cannot close behind the frozen source, with `ready` messages waiting; nullopt: it can.
std::optional<Trouble> against_frozen_valve(const Facts& facts, const MigrationRequest& request,
                                            std::optional<std::chrono::seconds> heartbeat, std::uint64_t ready);

}  // namespace ms2m
