#include "cli/running.hpp"

#include <fmt/format.h>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/fields.hpp"

namespace ms2m::cli {

namespace {

using report::number_in;
using report::Status;
using report::text_in;

constexpr Millis kAnswer{2000};  ///< for an ms2m on this machine to say how far it is

std::optional<Bytes> bytes_in(const Json& state, const char* key) {
  const auto number = number_in(state, key);
  return number && *number >= 0 ? std::optional(Bytes{static_cast<std::uint64_t>(*number)}) : std::nullopt;
}

void tell_state(Status& status, const Json& state) {
  status.phase = text_in(state, "phase");
  if (const auto in = number_in(state, "phase_s")) status.in_phase = Seconds(*in);
  if (const std::string text = text_in(state, "text"); !text.empty()) status.text = text;
  status.done = bytes_in(state, "bytes");
  status.total = bytes_in(state, "total_bytes");
}

}  // namespace

std::vector<Running> running_here(const Context& context) {
  std::vector<Running> all;
  for (auto& listener : context.backend.listen()) {
    Running one{std::move(listener), std::nullopt};
    try {
      one.state = one.listener->next(context.stop.within(kAnswer));
      if (!one.state) continue;  // it has just ended
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout) throw;
    }
    all.push_back(std::move(one));
  }
  return all;
}

bool works_on(const Running& one, const JournalSummary& journal) {
  if (!one.state) return one.listener->pid() == journal.pid;
  if (const std::string id = text_in(*one.state, "id"); !id.empty()) return id == journal.id;
  const std::string pod = text_in(*one.state, "pod"), started = text_in(*one.state, "started");
  return one.listener->pid() == journal.pid && started <= journal.started &&
         (pod.empty() || pod == journal.ns + "/" + journal.source_pod);
}

Running* running_of(std::vector<Running>& all, const JournalSummary& journal) {
  for (Running& one : all)
    if (works_on(one, journal)) return &one;
  return nullptr;
}

Status status_of(const Context& context, const JournalSummary& journal, const Running* running) {
  Status status;
  status.id = journal.id;
  status.state = journal.state;
  status.error = journal.error;
  status.remedy = journal.remedy;
  if (!journal.error.empty()) return status;
  status.ns = journal.ns;
  status.source_pod = journal.source_pod;
  status.source_node = journal.source_node;
  status.target_pod = journal.target_pod;
  status.target_node = journal.target_node;
  status.queue = journal.queue;
  status.strategy = journal.strategy;
  status.holder = fmt::format("pid {} on {}", journal.pid, journal.host);
  status.started = journal.started;
  const auto standing = context.backend.standing(journal.id);
  if (!standing) return status;
  status.ended = standing->ended_at;
  status.text = standing->last;
  status.open = standing->open;
  if (!is_over(journal)) status.phase = to_string(standing->phase);
  const bool tells = running != nullptr && running->state;
  if (!standing->ended && (standing->under_way || tells)) {
    status.state = tells || running == nullptr ? "running" : "silent";
    if (tells) tell_state(status, *running->state);
  } else if (!is_over(journal)) {
    if (!standing->ended) status.state = "crashed";
    status.remedy = remedy::command(
        journal.pivoted ? remedy::Command::resume_migration : remedy::Command::abort_migration, {}, {journal.id});
  }
  return status;
}

Status status_of(const Json& state) {
  Status status;
  status.id = text_in(state, "id");
  status.state = "running";
  status.source_pod = text_in(state, "pod");
  status.started = text_in(state, "started");
  tell_state(status, state);
  return status;
}

}  // namespace ms2m::cli
