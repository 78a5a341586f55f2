// How a session with a node begins, and what goes through it.
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "ms2m/error.hpp"
#include "node/session/session_lab.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
namespace fs = std::filesystem;

TEST_CASE("session: the program is pushed once, and answers from then on", "[session]") {
  SessionLab lab;
  {
    SshNodes nodes(lab.settings());
    CHECK(nodes.session("worker-1", {})->pushed());
    CHECK_FALSE(nodes.session("worker-2", {})->pushed());
    CHECK(nodes.program_brought_to() == std::vector<std::string>{"worker-1"});
    const NodeLook look = SessionInspector(nodes).look("worker-1", {}, {});
    CHECK_FALSE(look.features.empty());
    REQUIRE(look.clock_ahead);
    const Seconds clock = *look.clock_ahead + BootClock::now().time_since_epoch();
    CHECK(std::abs(clock.count() - static_cast<double>(std::time(nullptr))) < 5);
    CHECK(SessionInspector(nodes).tools("worker-2", "", {}).asked);
    CHECK(nodes.usage().calls == 2);
    CHECK(nodes.usage().time.count() > 0);
    CHECK_FALSE(lab.programs().empty());
  }
  CHECK(eventually([&] { return lab.programs().empty() && lab.sshd.sessions().empty(); }));
  SshNodes nodes(lab.settings());
  CHECK_FALSE(nodes.session("worker-1", {})->pushed());
}

TEST_CASE("session: one that is opened anew asks nobody what the node's runtime is", "[session]") {
  SessionLab lab;
  int asked = 0;
  NodeSettings settings = lab.settings();
  settings.runtimes = [&asked](const std::string&, const StopToken&) {
    ++asked;
    return std::string("cri-o://1.36.3");
  };
  SshNodes nodes(settings);
  const auto first = nodes.session("worker-1", {});
  lab.kill_programs(SIGKILL);
  REQUIRE(eventually([&] { return !first->alive(); }));
  CHECK(nodes.session("worker-1", {}) != first);
  CHECK(asked == 1);
}

TEST_CASE("session: calls from several threads share it", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  SessionArchives archives(nodes);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      try {
        for (int i = 0; i < 20; ++i)
          good += archives.list("worker-1", {lab.checkpoints, "default", "consumer-0", "consumer"}, {}).empty();
      } catch (const Error& error) {
        std::cerr << error.what() << "\n";
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 160);
  const auto programs = lab.programs();
  nodes.open("worker-1", {});
  CHECK(lab.programs() == programs);
  const NodeUsage before = nodes.usage();
  for (int i = 0; i < 100; ++i) archives.list("worker-1", {lab.checkpoints, "default", "consumer-0", "consumer"}, {});
  const Seconds each = (nodes.usage().time - before.time) / 100;
  std::cout << "one call: " << each.count() * 1000 << " ms\n";
}

TEST_CASE("session: connection errors are one sentence with a cure", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  const auto changed = error_of([&] { nodes.open("changed-key", {}); });
  CHECK(changed.kind() == ErrorKind::forbidden);
  CHECK(changed.message() == "cannot reach node changed-key by ssh: its host key is not the one in known_hosts");
  CHECK_THAT(changed.remedy(), Contains("ssh-keygen -R"));
  const auto unknown = error_of([&] { nodes.open("unknown-key", {}); });
  CHECK(unknown.kind() == ErrorKind::forbidden);
  CHECK(unknown.message() == "cannot reach node unknown-key by ssh: its host key is not known");
  CHECK(unknown.remedy().ends_with("ssh -F " + lab.sshd.options().config + " unknown-key"));
  const auto denied = error_of([&] { SessionImages(nodes).probe("no-access", {}); });
  CHECK(denied.kind() == ErrorKind::forbidden);
  CHECK(denied.message() == "cannot reach node no-access by ssh: no key that is offered is accepted there");
  const auto refused = error_of([&] { nodes.open("refused", {}); });
  CHECK(refused.kind() == ErrorKind::unavailable);
  CHECK_THAT(refused.message(), Contains("connection refused"));
  for (const char* name : {"-oProxyCommand=touch /tmp/x", "", "a b", "a;b", "root@-x"})
    CHECK(error_of([&] { nodes.open(name, {}); }).kind() == ErrorKind::usage);

  NodeSettings settings = lab.settings();
  settings.ssh.program = "ms2m-no-ssh";
  CHECK(error_of([&] { SshNodes(settings).open("worker-1", {}); }).kind() == ErrorKind::refused);
  settings = lab.settings();
  settings.ssh.config = "/no/such/file";
  CHECK(error_of([&] { SshNodes(settings).open("worker-1", {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("session: which host is called", "[session]") {
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

TEST_CASE("session: a forced command is the program, or the error says that it is not there", "[session]") {
  SessionLab lab;
  const std::string keys = (lab.sshd.path() / "authorized_keys").string();
  const std::string key = posix::read_file(keys);
  const std::string program = (lab.dir.path() / "ms2m-node").string();
  std::ofstream(keys) << "restrict,command=\"" << program << "\" " << key;
  const auto absent = error_of([&] { SshNodes(lab.settings()).open("worker-1", {}); });
  CHECK(absent.kind() == ErrorKind::failed);
  CHECK_THAT(absent.what(), Contains("the node program is not on node worker-1") && Contains(program));
  CHECK_THAT(absent.remedy(), Contains("ms2m node program --output FILE"));
  std::ofstream(program, std::ios::binary) << node::NodeProgram::embedded().bytes();
  ::chmod(program.c_str(), 0755);
  SshNodes nodes(lab.settings());
  CHECK_FALSE(nodes.session("worker-1", {})->pushed());
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
  CHECK_FALSE(fs::exists(lab.settings().places.cache));
}

TEST_CASE("session: what a node's shell puts in the way", "[session]") {
  const posix::TempDir fake;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(fake.path() / name) << "#!/bin/sh\n" << text;
    ::chmod((fake.path() / name).c_str(), 0755);
  };
  const std::string path = "PATH=" + fake.path().string() + ":/usr/sbin:/usr/bin:/sbin:/bin";
  write("noise", "echo Welcome\n");
  {
    SessionLab lab({"BASH_ENV=" + (fake.path() / "noise").string()});
    const auto error = error_of([&] { SshNodes(lab.settings()).open("worker-1", {}); });
    CHECK(error.kind() == ErrorKind::refused);
    CHECK(error.message() == "the login shell on node worker-1 prints text before every command");
  }
  write("uname", "echo riscv64\n");
  {
    SessionLab lab({path});
    const auto error = error_of([&] { SshNodes(lab.settings()).open("worker-1", {}); });
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(error.message(), Contains("riscv64"));
    CHECK_THAT(error.remedy(), Contains("--node-program FILE"));
    CHECK(eventually([&] { return lab.sshd.sessions().empty(); }));
    // Nothing of it but the shell's file, which it removes when it hears of the end.
    CHECK(eventually([&] { return fs::is_empty(lab.settings().places.cache); }));
  }
  fs::remove(fake.path() / "uname");
  write("id", "echo 1000\n");
  write("sudo", "[ \"$1 $2\" = '-n --' ] || exit 9\nshift 2\nexec \"$@\"\n");
  {
    SessionLab lab({path});
    SshNodes nodes(lab.settings());
    CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
  }
  write("sudo", "echo 'sudo: a password is required' >&2; exit 1\n");
  SessionLab lab({path});
  const auto error = error_of([&] { SshNodes(lab.settings()).open("worker-1", {}); });
  CHECK(error.kind() == ErrorKind::forbidden);
  CHECK_THAT(error.message(), Contains("a password is required"));
}

TEST_CASE("session: archives are listed, waited for and removed", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  SessionArchives archives(nodes);
  const std::string path = lab.checkpoints + "/" + kArchiveName;
  CHECK(archives.list("worker-1", {"/no/such/checkpoints", "default", "consumer-0", "consumer"}, {}).empty());
  CHECK(error_of([&] { archives.wait_complete("worker-1", path, {}); }).kind() == ErrorKind::not_found);
  posix::UniqueFd writer(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const auto begin = Clock::now();
  CHECK(error_of([&] { archives.wait_complete("worker-1", path, StopToken().within(Millis{700})); }).kind() ==
        ErrorKind::timeout);
  CHECK(seconds_between(begin, Clock::now()) < 30);
  StopSource source;
  std::thread stopper([&] { source.request_stop(); });
  CHECK_THROWS_AS(archives.wait_complete("worker-1", path, source.token()), Cancelled);
  stopper.join();
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    REQUIRE(::write(writer.get(), "1234567", 7) == 7);
    closed = true;
    writer.reset();
  });
  archives.wait_complete("worker-1", path, {});
  CHECK(closed);
  closer.join();
  const auto files = archives.list("worker-1", {lab.checkpoints, "default", "consumer-0", "consumer"}, {});
  REQUIRE(files.size() == 1);
  CHECK(files[0].path == path);
  CHECK(files[0].bytes == Bytes{7});
  CHECK(archives.remove("worker-1", path, {}));
  CHECK_FALSE(archives.remove("worker-1", path, {}));
  CHECK(error_of([&] { archives.remove("worker-1", "/etc/passwd", {}); }).kind() == ErrorKind::refused);
}
