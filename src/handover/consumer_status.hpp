// What a consumer of a stream says of itself, in answer to STATUS in its control queue (ms2m-protocol(7)).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ms2m/broker.hpp"
#include "ms2m/json.hpp"
#include "ms2m/offset_command.hpp"
#include "ms2m/request.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

struct ConsumerStatus {
  std::string queue;         ///< that it reads
  std::string role;          ///< of the last START_REPLAY; empty: it serves
  std::int64_t first = -1;   ///< offset of the first message that its state is made of; -1: of none, or not told
  std::int64_t offset = -1;  ///< and of the last
  std::string state{};       ///< the same for the same state; empty: it does not tell
  bool serves(const std::string& stream) const { return role.empty() && queue == stream; }
};

/// Error{protocol}: it is no answer to STATUS.
ConsumerStatus parse_consumer_status(const std::string& answer);

/// The same of one that does not answer, by the operator's own command (MigrationRequest::offset_command): what it
/// reads and as what is not told, nor where its state begins, nor its state. Each run takes no longer than the
/// request's time for a source to become quiet. Errors as OffsetCommand::ask(), with whose command it was; {refused}:
/// nobody runs commands.
ConsumerStatus status_by_command(OffsetCommand* offsets, const MigrationRequest& request,
                                 const OffsetQuestion& question, const StopToken& stop);

/// `pod`: as it is now.
OffsetQuestion offset_question(const Json& pod, const std::string& container, const MigrationRequest& request,
                               const char* role);

/// Asks once; for no longer than kAnswers. nullopt: nobody has answered in this time. Error{not_found}: there is no
/// such queue; {protocol}: as parse_consumer_status().
std::optional<ConsumerStatus> ask_status(Broker& broker, const std::string& control_queue, const StopToken& stop);
/// A consumer looks at its control queue between two messages.
inline constexpr Seconds kAnswers{3};

}  // namespace ms2m
