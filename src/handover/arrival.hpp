// Who listens to a queue. A count of consumers is no proof that a copy lives: a connection that died without a word is
// counted for two or three heartbeats, so a source that has connected again counts twice.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Tells whose consumers a queue has, by the peers of their connections, as far as the management API says. Without one
/// it is not asked again: it may take its time to say so.
class Peers {
 public:
  Peers(BrokerAdmin& admin, std::vector<std::string> addresses) : admin_(admin), addresses_(std::move(addresses)) {}
  /// Consumers of the queue that come from the addresses. 0 also when it cannot be told: no management API, an address
  /// translation in between, or a consumer of the last two seconds, which is not in its list yet.
  std::uint64_t consumers_of(const std::string& queue, const StopToken& stop);
  /// The same where nothing else tells: what the management API cannot be asked is an Error.
  std::uint64_t named(const std::string& queue, const StopToken& stop);

 private:
  BrokerAdmin& admin_;
  const std::vector<std::string> addresses_;
  bool told_ = true;
};

/// What a restored copy alone does.
struct Arrival {
  std::string queue;
  std::uint64_t consumers = 1;           ///< of the queue when the copy is there
  std::string control{};                 ///< its own control queue, in which a command waits for it; empty: it has none
  std::vector<std::string> strangers{};  ///< addresses that are not the copy's: the source's
  std::uint64_t ours = 0;                ///< ms2m's own consumers of the queue
  /// The copy's addresses, where others consume the queue too, and come and go: it is known by them, not by the number.
  std::vector<std::string> copy{};
};

/// Whether the copy listens: the queue has so many consumers, the command in the copy's control queue was taken, which
/// nobody else reads, and not all of the consumers are strangers'.
class ArrivalWatch {
 public:
  ArrivalWatch(Broker& broker, BrokerAdmin& admin, Arrival arrival)
      : broker_(broker),
        arrival_(std::move(arrival)),
        strangers_(admin, arrival_.strangers),
        copy_(admin, arrival_.copy) {}
  bool there(const StopToken& stop);
  const Arrival& arrival() const { return arrival_; }

 private:
  bool named_copy(const StopToken& stop);
  Broker& broker_;
  const Arrival arrival_;
  Peers strangers_, copy_;
};

/// Whether somebody is at work on a queue that others may consume too: known by its addresses, or else by being one
/// more than the others.
class AtWork {
 public:
  AtWork(Broker& broker, BrokerAdmin& admin, std::string queue, std::uint64_t others,
         const std::vector<std::string>& addresses)
      : broker_(broker),
        queue_(std::move(queue)),
        others_(others),
        by_name_(!addresses.empty()),
        peers_(admin, addresses) {}
  bool there(const StopToken& stop);
  bool by_name() const { return by_name_; }

 private:
  Broker& broker_;
  const std::string queue_;
  const std::uint64_t others_;
  const bool by_name_;
  Peers peers_;
};

}  // namespace ms2m
