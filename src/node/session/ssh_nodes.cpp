#include "node/session/ssh_nodes.hpp"

#include "node/session/ssh_link.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::minutes kPatience{10};  // for calls whose caller has no deadline

/// Errors of the program that comes with the greeting's promise; a node must not be believed on more than that.
void say_hello(node::Session& session, const node::Hello& hello, const StopToken& stop) {
  const auto call = session.start(node::print_message(hello), "greeting the program on node " + hello.node);
  node::parse_message<node::Nothing>(call->answer(stop));
}

}  // namespace

struct SshNodes::Entry {
  std::string node;
  std::timed_mutex opening;  ///< held while connecting; a second caller waits for the first one's result
  mutable std::mutex state;  ///< guards the rest
  std::optional<node::SshHost> host;
  std::string runtime;  ///< empty: not known yet
  std::shared_ptr<node::Session> session;

  std::shared_ptr<node::Session> living() const {
    std::shared_ptr<node::Session> last;
    {
      const std::lock_guard lock(state);
      last = session;
    }
    return last && last->lives() ? last : nullptr;
  }
};

SshNodes::~SshNodes() = default;

std::shared_ptr<SshNodes::Entry> SshNodes::entry(const std::string& node) {
  const std::lock_guard lock(mutex_);
  auto& found = entries_[node];
  if (!found) {
    found = std::make_shared<Entry>();
    found->node = node;
  }
  return found;
}

std::shared_ptr<node::Session> SshNodes::session(const std::string& node, const StopToken& stop) {
  const auto where = entry(node);
  if (auto living = where->living()) return living;
  std::unique_lock turn(where->opening, std::defer_lock);
  while (!turn.try_lock_for(Millis{20})) stop.check(connecting(node));
  if (auto living = where->living()) return living;
  return connect(*where, stop);
}

std::shared_ptr<node::Session> SshNodes::connect(Entry& entry, const StopToken& stop) {
  stop.check(connecting(entry.node));
  std::string runtime;
  std::shared_ptr<node::Session> ended;  // its destructor waits
  {
    const std::lock_guard lock(entry.state);
    entry.session.swap(ended);
    runtime = entry.runtime;
  }
  ended.reset();
  if (runtime.empty() && settings_.runtimes) {
    runtime = settings_.runtimes(entry.node, stop);
    const std::lock_guard lock(entry.state);
    entry.runtime = runtime;
  }
  auto session = std::make_shared<node::Session>(open_line(entry, stop), settings_.silence);
  if (session->pushed()) {
    const std::lock_guard lock(mutex_);
    brought_to_.insert(entry.node);
  }
  say_hello(*session,
            {node::kProtocolVersion, static_cast<std::uint64_t>(settings_.silence.count()), runtime, entry.node},
            stop.within(settings_.ssh.connect_timeout));
  const std::lock_guard lock(entry.state);
  entry.session = session;
  return session;
}

std::shared_ptr<node::Session> SshNodes::session_after(node::Session& ended, const std::string& node,
                                                       const StopToken& stop) {
  if (!ended.ends_within(settings_.again)) return nullptr;
  try {
    return session(node, stop.within(settings_.again));
  } catch (const Error&) {
    stop.check(connecting(node));
    return nullptr;  // the first one's error is the cause
  }
}

std::string SshNodes::connecting(const std::string& node) const {
  return "connecting to node " + node + (settings_.open_line ? " by its agent" : " by ssh");
}

node::Link SshNodes::open_line(Entry& entry, const StopToken& stop) {
  if (settings_.open_line) return settings_.open_line(entry.node, settings_.silence, stop);
  std::optional<node::SshHost> host;
  {
    const std::lock_guard lock(entry.state);
    host = entry.host;
  }
  if (!host) {
    host = node::choose_host(settings_.ssh, settings_.addresses, entry.node, stop);
    const std::lock_guard lock(entry.state);
    entry.host = host;
  }
  return node::open_link({entry.node, *host, settings_.ssh, settings_.places}, program(), stop);
}

const node::NodeProgram& SshNodes::program() {
  const std::lock_guard lock(mutex_);
  if (!program_)
    program_ = settings_.program.empty() ? node::NodeProgram::embedded() : node::NodeProgram::read(settings_.program);
  return *program_;
}

NodeUsage SshNodes::usage() const {
  const std::lock_guard lock(mutex_);
  return usage_;
}

std::vector<std::string> SshNodes::program_brought_to() const {
  const std::lock_guard lock(mutex_);
  return {brought_to_.begin(), brought_to_.end()};
}

bool SshNodes::forget_program(const std::string& node, const StopToken& stop) {
  const auto with = session(node, stop);
  const int kept = ask_in(*with, node, node::ForgetProgram{}, "removing the node program", stop).programs;
  const std::lock_guard lock(mutex_);
  return kept > (brought_to_.erase(node) > 0 ? 1 : 0);
}

std::string SshNodes::ask_text(node::Session& session, const std::string& request, const std::string& doing,
                               const StopToken& stop) {
  const TimePoint asked = Clock::now();
  std::string answer = session.start(request, doing)->answer(stop.deadline() ? stop : stop.within(kPatience));
  const std::lock_guard lock(mutex_);
  ++usage_.calls;
  usage_.time += Clock::now() - asked;
  return answer;
}

}  // namespace ms2m
