// A command of the operator's own that says where an application is in its stream, for one that does not say so itself.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/stop.hpp"

namespace ms2m {

/// Whose offset is asked for.
struct OffsetQuestion {
  std::string ns, pod, pod_ip, container, queue;
  const char* role = "source";  ///< or "target"
};

/// Who runs it.
class OffsetCommand {
 public:
  virtual ~OffsetCommand() = default;
  /// The offset of the last message that the application has applied; -1: of none yet. `command`: for /bin/sh -c; may
  /// hold a secret, and is in no message. Error{failed}: it has ended otherwise than well; {protocol}: what it has
  /// printed is no offset; {not_found, failed}: it could not begin; {timeout}, Cancelled: its process group was killed.
  virtual std::int64_t ask(const std::string& command, const OffsetQuestion& question, const StopToken& stop) = 0;
};

}  // namespace ms2m
