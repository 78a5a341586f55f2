#include "cli/state_on_signal.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "cli/running.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

std::vector<report::Status> own_states(const Context& context) {
  std::vector<report::Status> all;
  const auto journals = context.backend.journals();
  for (const Running& each : running_here(context)) {
    if (each.listener->pid() != ::getpid() || !each.state) continue;
    const JournalSummary* its = nullptr;
    for (const JournalSummary& journal : journals)
      if (its == nullptr && !is_over(journal) && works_on(each, journal)) its = &journal;
    all.push_back(its != nullptr ? status_of(context, *its, &each) : status_of(*each.state));
  }
  return all;
}

}  // namespace

StateOnSignal::StateOnSignal(const Context& context, int asked) : context_(context) {
  if (asked >= 0) thread_ = std::thread([this, asked] { serve(asked); });
}

StateOnSignal::~StateOnSignal() {
  ending_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void StateOnSignal::serve(int asked) const noexcept {
  const StopToken ending = ending_.token();
  while (!ending.stop_requested()) {
    pollfd fds[] = {{asked, POLLIN, 0}, {ending.fd(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    std::uint64_t times = 0;
    if ((fds[0].revents & POLLIN) == 0 || ::read(asked, &times, sizeof times) < 0) continue;
    try {
      print();
    } catch (...) {
      // Who asks how far it is must not stop it.
    }
  }
}

void StateOnSignal::print() const {
  const Context asking{context_.globals, context_.environment, context_.config, context_.backend, context_.observer,
                       context_.out,     context_.err,         ending_.token(), context_.begun};
  const auto states = own_states(asking);
  std::string text;
  if (context_.globals.progress == ProgressStyle::jsonl) {
    text = report::statuses_json(states).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  } else {
    text = states.empty() ? "\nno migration is under way in this process\n" : "";
    for (const auto& state : states) text += "\n" + report::status_text(state);
  }
  context_.err << text << std::flush;
}

}  // namespace ms2m::cli
