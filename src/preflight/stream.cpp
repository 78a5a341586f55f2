// Findings about a stream, and about what its consumer says of itself.
#include <fmt/format.h>

#include <ctime>

#include "base/rfc3339.hpp"
#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

constexpr std::time_t kClocksDiffer = 60;  ///< at most

/// What the log drops, the state cannot be made of again; nor can a restored copy read it.
void check_retention(const QueueFacts& queue, bool restored, const MigrationRequest& request,
                     std::vector<Finding>& out) {
  const char* const harm =
      restored
          ? "what is dropped after the checkpoint and before the copy has read it is missing in its state, and seen "
            "only where both tell their states"
          : "when the first of the source's state is gone, the target says so, and the move is undone";
  const char* const cure = restored ? "let the stream keep its messages for longer than the move takes"
                                    : "a state that later messages alone make is named by where they begin: --from";
  for (const auto& [argument, policy] :
       {std::pair{"x-max-age", "max-age"}, std::pair{"x-max-length-bytes", "max-length-bytes"}})
    if (queue.arguments.contains(argument) || queue.policy.contains(policy))
      out.push_back({"queue-limits", Level::warning,
                     fmt::format("stream {} drops its oldest messages ({}): {}", request.queue, policy, harm), cure});
}

void check_status(const ConsumerStatus& status, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!status.serves(request.queue))
    return refuse(
        out, "protocol",
        fmt::format("pod {} says that it reads {}{}, not {}", request.pod, status.queue,
                    status.role.empty() ? "" : fmt::format(" in the role \"{}\"", status.role), request.queue),
        "name the stream that it reads with --queue, or end the earlier move that has left it so");
  if (status.offset < 0)
    return refuse(
        out, "protocol",
        fmt::format("pod {} has taken nothing from {} yet: there is no state to make anew", request.pod, request.queue),
        "wait for its first message, or delete the pod and start it on the other node");
  const auto from = offset_in(request.from);
  if (from && *from > status.offset)
    return refuse(out, "protocol",
                  fmt::format("--from {} comes after offset {}, at which pod {} is", *from, status.offset, request.pod),
                  "name the first message that the state is made of");
  const auto time = seconds_since_1970(request.from);
  if (time && *time > std::time(nullptr) + kClocksDiffer)
    return refuse(out, "protocol", fmt::format("--from {} has not come yet", request.from),
                  "name a time before the first message that the state is made of");
  if (!request.offset_command.empty()) {
    out.push_back({"protocol", Level::ok,
                   fmt::format("pod {} is at offset {} of {}, as --offset-command says; whether the target's state is "
                               "the same there cannot be seen, for it does not tell it",
                               request.pod, status.offset, request.queue),
                   ""});
    return;
  }
  out.push_back({"protocol", Level::ok,
                 fmt::format("pod {} is at offset {} of {}, its state begins at {}{}", request.pod, status.offset,
                             request.queue, status.first,
                             status.state.empty() ? "; it does not tell its state, so that the target's cannot be "
                                                    "compared with it"
                                                  : ""),
                 ""});
}

}  // namespace

void check_stream(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!request.unresolved.empty() || !facts.asked(Question::broker) || !facts.asked(Question::status)) return;
  if (facts.queue) check_retention(*facts.queue, facts.procedure.moves_memory(), request, out);
  if (facts.stream) return check_status(*facts.stream, request, out);
  if (!facts.source_control) return;  // refused for that
  refuse(out, "protocol",
         fmt::format("pod {} does not answer STATUS in {}: where it is in the stream is not known", request.pod,
                     control_queue(pod_hostname(facts.pod))),
         "let the consumer subscribe to its control queue and answer (ms2m-protocol(7)), or name a command that prints "
         "its offset: --offset-command");
}

}  // namespace ms2m
