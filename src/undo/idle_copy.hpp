// A copy that was given the queue and does not consume it is taken away, while its source still waits.
#pragma once
#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

enum class Withdrawal {
  impossible,       ///< the copy is not there, or the source is not there any more, or was never to wait for it
  serves,           ///< the copy does so after all
  may_have_served,  ///< it does not consume now, and may have before: what it has done is in it alone, and it stays
  withdrawn,        ///< it has ended for certain, nobody consumes in its place, and it had taken nothing
  repeated,         ///< of a stream: it has ended; what it did since, the source does once more
  unproven,  ///< as withdrawn, but not all of it was frozen until the end (a container was started again, say): that
             ///< may have taken something
};

/// For a copy that was given the queue and has not been seen to serve. `untouched`: since then it has taken nothing,
/// which somebody has watched, or command_unread() says; without that it is only looked at. Its containers are frozen
/// on their node, so that what is seen then stays so, and its command is taken back, so that one that is started
/// meanwhile listens to the hold queue; if nobody consumes, its pod is deleted and its end waited for.
/// Error: a container could not be frozen, and is not known to have ended either; or what the copy does could not be
/// seen; or its end could not. Before the deletion the copy is then left as it was, with its command.
Withdrawal withdraw_idle_copy(const Migrator::Ports& ports, const Journal& journal, bool untouched,
                              const StopToken& stop);

/// The same for the target of a stream, which the source reads as well: nothing is lost when it goes, but what it has
/// let out since is had once more. `untouched`: it was asked all the time since the hand-over and never said that it
/// serves. Error{unavailable}: the broker passes nothing on just now, so its silence says nothing.
Withdrawal withdraw_reader(const Migrator::Ports& ports, const Journal& journal, bool untouched, const StopToken& stop);

/// The pivot's message is still in the copy's control queue, and the copy is the process that it was meant for: it
/// never took the queue over. Only as long as nobody has sent another one. What cannot be asked is an Error.
bool command_unread(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

}  // namespace ms2m
