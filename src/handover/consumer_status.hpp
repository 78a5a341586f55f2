// What a consumer of a stream says of itself, in answer to STATUS in its control queue (ms2m-protocol(7)).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ms2m/broker.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

struct ConsumerStatus {
  std::string queue;         ///< that it reads
  std::string role;          ///< of the last START_REPLAY; empty: it serves
  std::int64_t first = -1;   ///< offset of the first message that its state is made of; -1: of none
  std::int64_t offset = -1;  ///< and of the last
  std::string state{};       ///< the same for the same state; empty: it does not tell
  bool serves(const std::string& stream) const { return role.empty() && queue == stream; }
};

/// Error{protocol}: it is no answer to STATUS.
ConsumerStatus parse_consumer_status(const std::string& answer);

/// Asks once; for no longer than kAnswers. nullopt: nobody has answered in this time. Error{not_found}: there is no
/// such queue; {protocol}: as parse_consumer_status().
std::optional<ConsumerStatus> ask_status(Broker& broker, const std::string& control_queue, const StopToken& stop);
/// A consumer looks at its control queue between two messages.
inline constexpr Seconds kAnswers{3};

}  // namespace ms2m
