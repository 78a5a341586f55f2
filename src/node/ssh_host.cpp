#include "node/ssh_host.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "ms2m/error.hpp"
#include "node/quote.hpp"
#include "node/ssh_errors.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

std::string first_address(const NodeAddresses& addresses, const std::string& node, const StopToken& stop) {
  const auto all = addresses ? addresses(node, stop) : std::vector<std::string>{};
  if (all.empty())
    throw Error(ErrorKind::unavailable, "node " + node + " has no InternalIP, and its name does not resolve",
                "add a Host block for it to ~/.ssh/config");
  check_host_word(all.front());
  return all.front();
}

void replace(std::string& text, const std::string& word, const std::string& value) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
    text.replace(at, word.size(), value);
}

bool resolves(const std::string& name, const StopToken& stop) {
  // getent, not getaddrinfo: a resolver that hangs could not be interrupted.
  return posix::run_process({"getent", "ahosts", name}, stop, "resolving " + name).ok();
}

}  // namespace

std::string SshHost::command(const SshOptions& ssh) const {
  std::vector<std::string> words{ssh.program};
  if (!ssh.config.empty()) words.insert(words.end(), {"-F", ssh.config});
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(destination);
  return join(words);
}

void check_host_word(const std::string& word) {
  const bool good = !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '@' || c == '%' || c == '[' || c == ']';
  });
  if (!good || word.find("@-") != std::string::npos) throw Error(ErrorKind::usage, "'" + word + "' is not a host that ssh can be given");
}

std::string config_value(const std::string& dump, const std::string& key) {
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);)
    if (line.compare(0, key.size() + 1, key + " ") == 0) return line.substr(key.size() + 1);
  return {};
}

SshHost choose_host(const SshOptions& ssh, const NodeAddresses& addresses, const std::string& node, const StopToken& stop) {
  check_host_word(node);
  SshHost host;
  if (!ssh.destination.empty()) {
    host.destination = ssh.destination;
    replace(host.destination, "{node}", node);
    if (host.destination.find("{ip}") != std::string::npos)
      replace(host.destination, "{ip}", first_address(addresses, node, stop));
    check_host_word(host.destination);
    return host;
  }
  host.destination = node;
  std::vector<std::string> ask{ssh.program, "-G"};
  if (!ssh.config.empty()) ask.insert(ask.end(), {"-F", ssh.config});
  ask.insert(ask.end(), {"--", node});
  const auto dump = posix::run_process(ask, stop, "reading the ssh configuration");
  if (!dump.ok()) throw ssh_error(node, host.command(ssh), dump.err);
  // The user's configuration has its own address, or a proxy that resolves the name itself.
  const bool proxied = !config_value(dump.out, "proxyjump").empty() || !config_value(dump.out, "proxycommand").empty();
  if (config_value(dump.out, "hostname") != node || proxied || resolves(node, stop)) return host;
  // User, key and port of a Host block still hold; only the address comes from the cluster.
  host.options = {"-o", "HostName=" + first_address(addresses, node, stop)};
  return host;
}

}  // namespace ms2m::node
