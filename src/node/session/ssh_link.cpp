#include "node/session/ssh_link.hpp"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <memory>

#include "node/session/ssh_errors.hpp"
#include "wrap/posix/sigpipe.hpp"
#include "wrap/posix/stream.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kLongestFirstLine = 64u << 10;
constexpr std::chrono::minutes kPushLimit{2};
constexpr int kPipeBytes = 1 << 20;  // fewer turns per byte than the usual 64 KiB

std::vector<std::string> ssh_argv(const LinkSpec& spec, const std::string& line) {
  std::vector<std::string> argv{spec.ssh.program, "-T"};
  if (!spec.ssh.config.empty()) argv.insert(argv.end(), {"-F", spec.ssh.config});
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(spec.ssh.connect_timeout).count();
  // Whatever the user's configuration says about these: a command line option is stronger.
  for (const std::string& option :
       {std::string("BatchMode=yes"), "ConnectTimeout=" + std::to_string(seconds), std::string("ServerAliveInterval=5"),
        std::string("ServerAliveCountMax=3"), std::string("ControlMaster=no"), std::string("ControlPath=none"),
        std::string("RemoteCommand=none"), std::string("RequestTTY=no"), std::string("ClearAllForwardings=yes"),
        std::string("ForwardAgent=no"), std::string("ForwardX11=no"), std::string("PermitLocalCommand=no"),
        std::string("LogLevel=ERROR"), std::string("EscapeChar=none")})
    argv.insert(argv.end(), {"-o", option});
  if (!spec.host.ciphers.empty()) argv.insert(argv.end(), {"-o", "Ciphers=" + spec.host.ciphers});
  argv.insert(argv.end(), spec.host.options.begin(), spec.host.options.end());
  argv.insert(argv.end(), {"--", spec.host.destination, line});
  return argv;
}

class SshLine final : public Line {
 public:
  SshLine(const posix::ProcessSpec& process, std::string node, std::string by_hand)
      : ssh(process), node_(std::move(node)), by_hand_(std::move(by_hand)) {
    in = std::move(ssh.in);
    out = std::move(ssh.out);
    err = std::move(ssh.err);
    for (const auto* pipe : {&in, &out}) ::fcntl(pipe->get(), F_SETPIPE_SZ, kPipeBytes);
  }

  void wait_for_end(Millis limit) override { ssh.wait_for(limit); }
  Error cause(const std::string& said) override {
    const auto status = ssh.try_wait();
    if (!status) return Error(ErrorKind::unavailable, "the session with node " + node_ + " broke");
    return link_error(node_, by_hand_, *status, said);
  }
  void cut() noexcept override { ssh.end(Millis{0}); }

  posix::Child ssh;

 private:
  const std::string node_, by_hand_;
};

/// The time until frames may flow.
class Opening {
 public:
  Opening(const LinkSpec& spec, const NodeProgram& program) : spec_(spec), program_(program) {
    link_.node = spec.node;
    link_.by_hand = spec.host.command(spec.ssh);
    posix::ProcessSpec process;
    process.argv = ssh_argv(spec, start_line(program, spec.places));
    line_ = std::make_unique<SshLine>(process, link_.node, link_.by_hand);
  }

  Link go(const StopToken& stop) {
    const std::string doing = "connecting to node " + spec_.node + " by ssh";
    // ConnectTimeout covers the connection; authentication gets as much again.
    std::string line = first_line(doing, stop.within(2 * spec_.ssh.connect_timeout + Millis{1000}));
    if (const auto asked = parse_push_request(line)) {
      check_machine(spec_.node, program_, asked->machine);
      const std::string bringing = "bringing the node program to node " + spec_.node;
      const StopToken limit = stop.within(kPushLimit);
      send_program(bringing, limit);
      line = first_line(bringing, limit);
      link_.pushed = true;
    }
    const auto greeting = parse_greeting(line);
    if (!greeting) throw Error(ErrorKind::protocol, "what was started on node " + spec_.node + " is no node program");
    check_greeting(spec_.node, *greeting);
    link_.greeting = *greeting;
    link_.line = std::move(line_);
    return std::move(link_);
  }

 private:
  std::string first_line(const std::string& doing, const StopToken& stop) {
    for (;; wait(false, stop)) {
      hear();
      std::string& out = link_.early;
      const auto at = std::min(out.find("ms2m-node "), out.find("ms2m-push "));
      const auto end = at == std::string::npos ? at : out.find('\n', at);
      if ((at != std::string::npos && at != 0) || out.size() >= kLongestFirstLine)
        throw Error(ErrorKind::refused, "the login shell on node " + spec_.node + " prints text before every command",
                    "let its start-up file (~/.bashrc) print nothing in sessions without a terminal");
      if (end != std::string::npos) {
        const std::string line = out.substr(0, end);
        out.erase(0, end + 1);
        return line;
      }
      give_up_when_ended();
      stop.check(doing);
    }
  }

  void send_program(const std::string& doing, const StopToken& stop) {
    const posix::SigpipeGuard guard;
    for (std::size_t sent = 0;; wait(true, stop)) {
      hear();
      // Without a reader it has said why: its end comes.
      const bool read = posix::write_some(line_->in, program_.bytes(), sent);
      if (read && sent == program_.bytes().size()) return;
      if (!read) line_->ssh.wait_for(Millis{2000});
      give_up_when_ended();
      stop.check(doing);
    }
  }

  void hear() {
    posix::read_into(line_->out, link_.early, kLongestFirstLine);
    posix::read_tail(line_->err, link_.said, kSaidKept);
  }

  void give_up_when_ended() {
    const auto status = line_->ssh.try_wait();
    if (!status) return;
    hear();
    if (status->signal != 0 || status->code == 255) throw link_error(spec_.node, link_.by_hand, *status, link_.said);
    throw start_error(spec_.node, link_.by_hand, *status, link_.said, spec_.places);
  }

  void wait(bool sending, const StopToken& stop) {
    std::array<pollfd, 5> fds{{{line_->ssh.pidfd(), POLLIN, 0},
                               {stop.fd(), POLLIN, 0},
                               {line_->out.get(), POLLIN, 0},
                               {line_->err.get(), POLLIN, 0},
                               {sending ? line_->in.get() : -1, POLLOUT, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(Millis{60000}).count()));
  }

  const LinkSpec& spec_;
  const NodeProgram& program_;
  std::unique_ptr<SshLine> line_;
  Link link_;
};

}  // namespace

Link open_link(const LinkSpec& spec, const NodeProgram& program, const StopToken& stop) {
  return Opening(spec, program).go(stop);
}

Error link_error(const std::string& node, const std::string& by_hand, const posix::ExitStatus& status,
                 const std::string& said) {
  if (status.signal != 0) return Error(ErrorKind::unavailable, "the ssh client was " + status.text());
  if (status.code == 255) return ssh_error(node, by_hand, said);
  const std::string line = posix::last_line(said);
  return Error(ErrorKind::unavailable,
               "the node program on node " + node + " ended: " + (line.empty() ? status.text() : line),
               "try: " + by_hand);
}

}  // namespace ms2m::node
