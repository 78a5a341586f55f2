#include "node/ssh_shell.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "ms2m/error.hpp"
#include "node/remote_script.hpp"
#include "node/ssh_errors.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"

namespace ms2m {

using node::RemoteScript;
using posix::Child;
using posix::RunResult;
using posix::RunSpec;

namespace {
constexpr std::size_t kStderrKept = 8u << 10;
constexpr std::chrono::minutes kPatience{10};  // for commands whose caller has no deadline
}  // namespace

struct SshShell::Connection {
  std::string node;
  std::string socket;
  std::mutex opening;        ///< held while connecting; a second caller waits for the first one's result
  mutable std::mutex state;  ///< guards the rest
  std::optional<node::SshHost> host;
  std::unique_ptr<Child> master;
  std::string said;  ///< the tail of the master's stderr
  bool sudo = false;

  /// Looks at its stderr, too: a master whose pipe is full stands still, and every session with it.
  bool alive() {
    const std::lock_guard lock(state);
    if (!master) return false;
    hear();
    return !master->try_wait();
  }
  void hear() { posix::read_tail(master->err, said, kStderrKept); }
};

namespace {

/// What the master's own session tells: who we are there. It then waits for the end of its stdin, which is the end of
/// us.
constexpr const char* kGreeting = R"sh(u=$(id -u); e=; r=0
[ "$u" = 0 ] || { e=$(sudo -n true 2>&1); r=$?; }
printf 'ms2m-ready %s %s %s\n' "$u" "$r" "$(printf %s "$e" | tr '\n' ' ')"
read -r _)sh";

struct Greeting {
  bool root = false;
  bool sudo_works = false;
  std::string sudo_said;
};

/// Reads from the master until its greeting. nullopt: it ended before.
std::optional<Greeting> await_greeting(Child& master, const std::string& node, std::string& err,
                                       const StopToken& stop) {
  const std::string doing = "connecting to node " + node + " by ssh";
  std::string out;
  while (true) {
    stop.check(doing);
    posix::read_into(master.out, out, 64u << 10);
    posix::read_tail(master.err, err, 8u << 10);
    const auto at = out.find("ms2m-ready ");
    const auto end = at == std::string::npos ? at : out.find('\n', at);
    if (end != std::string::npos) {
      if (at != 0)
        throw Error(ErrorKind::refused, "the login shell on node " + node + " prints text before every command",
                    "let its start-up file (~/.bashrc) print nothing in sessions without a terminal");
      std::istringstream words(out.substr(at + 11, end - at - 11));
      int uid = -1;
      int sudo = -1;
      Greeting greeting;
      words >> uid >> sudo >> std::ws;
      std::getline(words, greeting.sudo_said);
      greeting.root = uid == 0;
      greeting.sudo_works = sudo == 0;
      return greeting;
    }
    if (master.try_wait()) return std::nullopt;
    pollfd fds[] = {{master.pidfd(), POLLIN, 0},
                    {stop.fd(), POLLIN, 0},
                    {master.out.get(), POLLIN, 0},
                    {master.err.get(), POLLIN, 0}};
    ::poll(fds, 4, static_cast<int>(stop.remaining(Millis{60000}).count()));
  }
}

}  // namespace

SshShell::SshShell(SshOptions options, NodeAddresses addresses)
    : options_(std::move(options)), addresses_(std::move(addresses)) {}

SshShell::~SshShell() = default;

std::shared_ptr<SshShell::Connection> SshShell::connection(const std::string& node) {
  const std::lock_guard lock(mutex_);
  auto& entry = connections_[node];
  if (!entry) {
    entry = std::make_shared<Connection>();
    entry->node = node;
    entry->socket = (control_.path() / std::to_string(connections_.size())).string();
  }
  return entry;
}

std::shared_ptr<SshShell::Connection> SshShell::opened(const std::string& node, const StopToken& stop) {
  auto link = connection(node);
  if (link->alive()) return link;
  std::unique_lock turn(link->opening, std::defer_lock);
  while (!turn.try_lock()) stop.sleep(Millis{10}, "connecting to node " + node + " by ssh");
  if (!link->alive()) connect(*link, stop);
  return link;
}

std::vector<std::string> SshShell::master_argv(const Connection& link) const {
  std::vector<std::string> argv{options_.program};
  if (!options_.config.empty()) argv.insert(argv.end(), {"-F", options_.config});
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.connect_timeout).count();
  // Whatever the user's configuration says about these: a command line option is stronger.
  for (const std::string& option :
       {std::string("BatchMode=yes"), "ConnectTimeout=" + std::to_string(seconds), std::string("ServerAliveInterval=5"),
        std::string("ServerAliveCountMax=3"), std::string("ControlMaster=yes"), "ControlPath=" + link.socket,
        std::string("ControlPersist=no"), std::string("RemoteCommand=none"), std::string("RequestTTY=no"),
        std::string("ClearAllForwardings=yes"), std::string("ForwardAgent=no"), std::string("ForwardX11=no"),
        std::string("PermitLocalCommand=no"), std::string("LogLevel=ERROR"), std::string("EscapeChar=none")})
    argv.insert(argv.end(), {"-o", option});
  if (!link.host->ciphers.empty()) argv.insert(argv.end(), {"-o", "Ciphers=" + link.host->ciphers});
  argv.insert(argv.end(), link.host->options.begin(), link.host->options.end());
  argv.insert(argv.end(), {"--", link.host->destination});
  return argv;
}

void SshShell::connect(Connection& link, const StopToken& stop) {
  if (!link.host) {
    auto host = node::choose_host(options_, addresses_, link.node, stop);
    const std::lock_guard lock(link.state);
    link.host = std::move(host);
  }
  ::unlink(link.socket.c_str());  // of a master that was killed
  const RemoteScript hello = node::remote_script(kGreeting, {}, false);
  posix::ProcessSpec spec;
  spec.argv = master_argv(link);
  spec.argv.push_back(hello.command);
  auto master = std::make_unique<Child>(spec);
  std::size_t sent = 0;
  {
    const posix::SigpipeGuard guard;
    posix::write_some(master->in, hello.prologue, sent);  // fits into an empty pipe
  }
  std::string err;
  // ConnectTimeout covers the connection; authentication gets as much again.
  const auto greeting =
      await_greeting(*master, link.node, err, stop.within(2 * options_.connect_timeout + Millis{1000}));
  const std::string by_hand = link.host->command(options_);
  if (!greeting) throw node::ssh_error(link.node, by_hand, err);
  if (!greeting->root && !greeting->sudo_works)
    throw Error(ErrorKind::forbidden,
                "the login on node " + link.node + " is not root and may not use sudo without a password (" +
                    greeting->sudo_said + ")",
                "give it a NOPASSWD rule, or log in as root; this must work: " + by_hand + " sudo -n true");
  const std::lock_guard lock(link.state);
  link.sudo = !greeting->root;
  link.said.clear();
  link.master = std::move(master);
}

void SshShell::open(const std::string& node, const StopToken& stop) { opened(node, stop); }

std::string SshShell::describe(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(node);
  if (found == connections_.end()) return node + " (ssh)";
  const std::lock_guard state(found->second->state);
  return found->second->host ? found->second->host->command(options_) : node + " (ssh)";
}

RunSpec SshShell::stream(const std::string& node, const std::string& script, const std::vector<std::string>& args,
                         const StopToken& stop) {
  const auto link = opened(node, stop);
  const RemoteScript remote = node::remote_script(script, args, link->sudo);
  RunSpec spec;
  // Speaks to the master only: no configuration is read, and without a master it fails instead of connecting by itself.
  spec.process.argv = {options_.program,
                       "-F",
                       "/dev/null",
                       "-T",
                       "-o",
                       "ControlMaster=no",
                       "-o",
                       "ControlPath=" + link->socket,
                       "-o",
                       "ProxyCommand=false",
                       "-o",
                       "BatchMode=yes",
                       "-o",
                       "LogLevel=ERROR",
                       "-o",
                       "EscapeChar=none",
                       "--",
                       node,
                       remote.command};
  spec.input = remote.prologue;
  return spec;
}

std::optional<Error> SshShell::ssh_failure(const std::string& node, const RunResult& result) {
  if (result.status.signal != 0) return Error(ErrorKind::unavailable, "the ssh client was " + result.status.text());
  if (result.status.code != 255) return std::nullopt;
  const auto link = connection(node);
  const std::lock_guard lock(link->state);
  std::string said = result.err;
  if (link->master && link->master->wait_for(Millis{50})) {
    // The master knows why; its clients only see that it has gone.
    link->hear();
    said = link->said;
    if (posix::last_line(said).empty()) said = "the connection broke";
  }
  return node::ssh_error(node, link->host->command(options_), said);
}

CommandResult SshShell::run(const std::string& node, const std::vector<std::string>& argv, const std::string& input,
                            const StopToken& stop) {
  RunSpec spec = stream(node, node::supervised(argv, input), {}, stop);
  spec.hold_stdin = true;
  const StopToken limited = stop.deadline() ? stop : stop.within(kPatience);
  RunResult result = posix::run_process(spec, limited, "running " + argv.at(0) + " on node " + node);
  auto& err = result.err;
  const bool own_255 = result.status.code == 255 && err.ends_with(node::kExit255);
  if (own_255) err.resize(err.size() - node::kExit255.size());
  if (!own_255)
    if (const auto failure = ssh_failure(node, result)) throw *failure;
  CommandResult answer;
  answer.exit_code = result.status.code;
  if (result.status.code > 128 && result.status.code <= 128 + SIGRTMAX) answer.signal = result.status.code - 128;
  answer.out = std::move(result.out);
  answer.err = std::move(err);
  return answer;
}

}  // namespace ms2m
