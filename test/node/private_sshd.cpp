#include "node/private_sshd.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

#include "support/catch.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::test {
namespace {

namespace fs = std::filesystem;

void make_key(const fs::path& path) {
  const auto made =
      posix::run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.string()}, {}, "ssh-keygen");
  INFO(made.err);
  REQUIRE(made.ok());
}

std::string public_key(const fs::path& key) {
  std::string type;
  std::string data;
  std::ifstream(key.string() + ".pub") >> type >> data;
  return type + " " + data;
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0600);
}

}  // namespace

PrivateSshd::PrivateSshd(const std::vector<std::string>& environment) {
  REQUIRE(fs::exists("/usr/sbin/sshd"));
  ::mkdir("/run/sshd", 0755);  // sshd refuses to start without it; a package's service would make it
  const std::string dir = path().string();
  for (const char* key : {"host", "user", "stranger"}) make_key(path() / key);
  write(path() / "authorized_keys", public_key(path() / "user") + "\n");
  std::string server = "HostKey " + dir + "/host\nAuthorizedKeysFile " + dir + "/authorized_keys\n" +
                       "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n" +
                       "StrictModes no\nPidFile none\nPrintMotd no\n";
  server += "SetEnv SHLVL=5";  // bash then leaves the user's start-up files out, whatever this machine has in them
  for (const auto& entry : environment) server += " \"" + entry + "\"";
  server += "\n";
  write(path() / "sshd_config", server);
  const std::string host = public_key(path() / "host") + "\n";
  write(path() / "known_hosts", "worker-1 " + host + "worker-2 " + host + "no-access " + host + "changed-key " +
                                    public_key(path() / "stranger") + "\n");
  const std::string proxy = "  ProxyCommand /usr/sbin/sshd -i -f " + dir + "/sshd_config -E " + dir + "/sshd.log\n";
  std::string client;
  for (const std::string name : {"worker-1", "worker-2", "changed-key", "unknown-key", "no-access"})
    client += "Host " + name + "\n  HostKeyAlias " + name + "\n" + proxy;
  client += "Host refused\n  HostName 127.0.0.1\n  Port 1\n";
  client += "Host no-access\n  IdentityFile " + dir + "/stranger\nHost * !no-access\n  IdentityFile " + dir + "/user\n";
  client +=
      "Host *\n  User " + std::string(::getpwuid(::geteuid())->pw_name) + "\n" +
      "  IdentitiesOnly yes\n  IdentityAgent none\n  StrictHostKeyChecking yes\n  GlobalKnownHostsFile /dev/null\n" +
      "  UserKnownHostsFile " + dir + "/known_hosts\n  LogLevel QUIET\n  ControlPersist 1h\n";
  write(path() / "ssh_config", client);
}

SshOptions PrivateSshd::options() const {
  SshOptions options;
  options.config = (path() / "ssh_config").string();
  return options;
}

std::vector<int> PrivateSshd::sessions() const {
  // sshd overwrites its argv; that it has our log open tells it from others.
  std::vector<int> found;
  for (const int pid : processes_with("sshd")) {
    std::error_code gone;
    fs::directory_iterator fd("/proc/" + std::to_string(pid) + "/fd", gone);
    for (; !gone && fd != fs::directory_iterator(); fd.increment(gone)) {
      std::error_code closed;
      if (fs::read_symlink(fd->path(), closed) != path() / "sshd.log") continue;
      found.push_back(pid);
      break;
    }
  }
  return found;
}

std::vector<int> processes_with(const std::string& word) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::string line(1 << 16, '\0');  // of a process that has just gone, nothing can be read
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (line.find(word) != std::string::npos) found.push_back(pid);
  }
  return found;
}

bool eventually(const std::function<bool()>& condition) {
  for (const auto end = Clock::now() + std::chrono::seconds(60); Clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(Millis{5});
  }
  return condition();
}

}  // namespace ms2m::test
