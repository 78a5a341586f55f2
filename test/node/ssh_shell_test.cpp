// SshShell against a real sshd.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "ms2m/error.hpp"
#include "node/private_sshd.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
namespace fs = std::filesystem;

namespace {

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  throw;
}

/// A word that no other process has in its argv.
std::string unique_word() {
  return "ms2m-test-" + std::to_string(::getpid()) + "-" + std::to_string(Clock::now().time_since_epoch().count());
}

}  // namespace

TEST_CASE("ssh: commands, input, output, status") {
  PrivateSshd sshd;
  SshShell shell(sshd.options());
  shell.open("worker-1", {});
  CHECK(shell.run("worker-1", {"printf", "%s|", "a b", "$HOME", "it's", "", "*"}, "", {}).out == "a b|$HOME|it's||*|");

  const std::string input = std::string("line\n\\0 %s \\n '\0' end", 22) + std::string(40000, 'x') + "\n\n";
  CHECK(shell.run("worker-1", {"cat"}, input, {}).out == input);
  CHECK(shell.run("worker-1", {"cat"}, "", {}).out.empty());

  auto result = shell.run("worker-1", {"sh", "-c", "echo out; echo problem >&2; exit 7"}, "", {});
  CHECK(result.exit_code == 7);
  CHECK(result.out == "out\n");
  CHECK(result.err == "problem\n");
  CHECK_FALSE(result.ok());

  result = shell.run("worker-1", {"sh", "-c", "echo x >&2; exit 255"}, "", {});
  CHECK(result.exit_code == 255);
  CHECK(result.err == "x\n");
  CHECK(result.signal == 0);

  result = shell.run("worker-1", {"sh", "-c", "kill -9 $$"}, "", {});
  CHECK(result.signal == 9);
  CHECK_FALSE(result.ok());
  CHECK(shell.describe("worker-1").find("worker-1") != std::string::npos);
  CHECK(shell.describe("worker-7") == "worker-7 (ssh)");
}

TEST_CASE("ssh: one connection serves all commands, from several threads") {
  PrivateSshd sshd;
  SshShell shell(sshd.options());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i)
        good += shell.run("worker-1", {"echo", std::to_string(t)}, "", {}).out == std::to_string(t) + "\n";
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 20);
  std::ifstream log(sshd.path() / "sshd.log");
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) shell.run("worker-1", {"true"}, "", {});
  std::cout << "one command over the open connection: " << seconds_between(start, Clock::now()) / 20 * 1000 << " ms\n";
}

TEST_CASE("ssh: connection errors are one sentence with a cure") {
  PrivateSshd sshd;
  SshShell shell(sshd.options());
  const auto changed = error_of([&] { shell.open("changed-key", {}); });
  CHECK(changed.kind() == ErrorKind::forbidden);
  CHECK(changed.message() == "cannot reach node changed-key by ssh: its host key is not the one in known_hosts");
  CHECK(changed.remedy().find("ssh-keygen -R") != std::string::npos);

  const auto unknown = error_of([&] { shell.open("unknown-key", {}); });
  CHECK(unknown.kind() == ErrorKind::forbidden);
  CHECK(unknown.message() == "cannot reach node unknown-key by ssh: its host key is not known");
  CHECK(unknown.remedy().ends_with("ssh -F " + sshd.options().config + " unknown-key"));

  const auto denied = error_of([&] { shell.run("no-access", {"true"}, "", {}); });
  CHECK(denied.kind() == ErrorKind::forbidden);
  CHECK(denied.message() == "cannot reach node no-access by ssh: no key that is offered is accepted there");

  const auto refused = error_of([&] { shell.open("refused", {}); });
  CHECK(refused.kind() == ErrorKind::unavailable);
  CHECK(refused.message().find("connection refused") != std::string::npos);

  for (const char* name : {"-oProxyCommand=touch /tmp/x", "", "a b", "a;b", "root@-x"})
    CHECK(error_of([&] { shell.open(name, {}); }).kind() == ErrorKind::usage);

  auto options = sshd.options();
  options.program = "ms2m-no-ssh";
  SshShell none(options);
  CHECK(error_of([&] { none.open("worker-1", {}); }).kind() == ErrorKind::refused);
  options = sshd.options();
  options.config = "/no/such/file";
  SshShell broken(options);
  CHECK(error_of([&] { broken.open("worker-1", {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("ssh: which host is called") {
  PrivateSshd sshd;
  int asked = 0;
  const NodeAddresses addresses = [&](const std::string&, const StopToken&) {
    ++asked;
    return std::vector<std::string>{"198.18.0.11"};
  };
  auto ssh = sshd.options();
  CHECK(node::choose_host(ssh, addresses, "worker-1", {}).options.empty());   // proxied
  CHECK(node::choose_host(ssh, addresses, "refused", {}).options.empty());    // has a HostName
  CHECK(node::choose_host(ssh, addresses, "localhost", {}).options.empty());  // resolves
  CHECK(asked == 0);
  const auto by_address = node::choose_host(ssh, addresses, "ms2m-none.invalid", {});
  CHECK(by_address.destination == "ms2m-none.invalid");
  CHECK(by_address.options == std::vector<std::string>{"-o", "HostName=198.18.0.11"});
  ssh.destination = "core@{node}.example";
  CHECK(node::choose_host(ssh, addresses, "worker-1", {}).destination == "core@worker-1.example");
  ssh.destination = "root@{ip}";
  CHECK(node::choose_host(ssh, addresses, "worker-1", {}).destination == "root@198.18.0.11");
  ssh.destination = "{node}";
  CHECK_THROWS_AS(node::choose_host(ssh, addresses, "-x", {}), Error);
  ssh.destination.clear();
  CHECK(error_of([&] { node::choose_host(ssh, {}, "ms2m-none.invalid", {}); }).kind() == ErrorKind::unavailable);
}

TEST_CASE("ssh: a stop ends the command here and there") {
  PrivateSshd sshd;
  SshShell shell(sshd.options());
  shell.open("worker-1", {});
  const std::string word = unique_word();
  StopSource source;
  std::thread stopper([&] {
    eventually([&] { return !processes_with(word).empty(); });
    source.request_stop();
  });
  TimePoint stopped;
  const auto before = Clock::now();
  CHECK_THROWS_AS(shell.run("worker-1", {"sh", "-c", "sleep 1000; :", word}, "", source.token()), Cancelled);
  stopped = Clock::now();
  stopper.join();
  CHECK(seconds_between(before, stopped) < 5);
  CHECK(eventually([&] { return processes_with(word).empty(); }));
  CHECK(shell.run("worker-1", {"echo", "still"}, "", {}).out == "still\n");

  CHECK(error_of([&] {
          shell.run("worker-1", {"sleep", "1000"}, "", StopToken{}.within(Millis{100}));
        }).kind() == ErrorKind::timeout);
}

TEST_CASE("ssh: after the death of the connection the next call makes a new one") {
  PrivateSshd sshd;
  SshShell shell(sshd.options());
  shell.open("worker-1", {});
  const auto sessions = sshd.sessions();
  const std::string word = unique_word();
  REQUIRE_FALSE(sessions.empty());
  std::thread killer([&] {
    eventually([&] { return !processes_with(word).empty(); });
    for (const int pid : sessions) ::kill(pid, SIGKILL);
  });
  const auto error = error_of([&] { shell.run("worker-1", {"sh", "-c", "sleep 1000; :", word}, "", {}); });
  killer.join();
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK(shell.run("worker-1", {"echo", "again"}, "", {}).out == "again\n");
}

TEST_CASE("ssh: nothing outlives the process, not even after SIGKILL") {
  PrivateSshd sshd;
  // A place of its own: in /tmp there may be those of others.
  const posix::TempDir runtime;
  const char* old = ::getenv("XDG_RUNTIME_DIR");
  const std::string kept = old == nullptr ? "" : old;
  ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
  const std::string word = unique_word();
  const pid_t child = ::fork();
  if (child == 0) {
    SshShell shell(sshd.options());
    shell.run("worker-1", {"sh", "-c", "sleep 1000; :", word}, "", {});
    ::_exit(0);
  }
  REQUIRE(eventually([&] { return processes_with(word).size() > 0; }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(eventually([&] { return processes_with(word).empty(); }));
  CHECK(eventually([&] { return sshd.sessions().empty(); }));

  // Its control directory is removed by the next one.
  const auto count = [&] {
    int found = 0;
    for (const auto& entry : fs::directory_iterator(runtime.path()))
      found += entry.path().filename().string().starts_with("ms2m-ssh-") ? 1 : 0;
    return found;
  };
  CHECK(count() == 1);
  { SshShell next(sshd.options()); }
  CHECK(count() == 0);
  old == nullptr ? ::unsetenv("XDG_RUNTIME_DIR") : ::setenv("XDG_RUNTIME_DIR", kept.c_str(), 1);
}

TEST_CASE("ssh: a login that is not root goes through sudo") {
  const posix::TempDir fake;
  const auto program = [&](const char* name, const std::string& text) {
    std::ofstream(fake.path() / name) << "#!/bin/sh\n" << text;
    ::chmod((fake.path() / name).c_str(), 0755);
  };
  program("id", "echo 1000\n");
  program("sudo", "[ \"$1\" = -n ] || exit 9; shift; [ \"$1\" != -- ] || shift; VIA_SUDO=yes exec \"$@\"\n");
  const std::string path = "PATH=" + fake.path().string() + ":/usr/sbin:/usr/bin:/sbin:/bin";
  {
    PrivateSshd sshd({path});
    SshShell shell(sshd.options());
    CHECK(shell.run("worker-1", {"sh", "-c", "echo $VIA_SUDO"}, "", {}).out == "yes\n");
  }
  program("sudo", "echo 'sudo: a password is required' >&2; exit 1\n");
  PrivateSshd sshd({path});
  SshShell shell(sshd.options());
  const auto error = error_of([&] { shell.open("worker-1", {}); });
  CHECK(error.kind() == ErrorKind::forbidden);
  CHECK(error.message().find("a password is required") != std::string::npos);
}
