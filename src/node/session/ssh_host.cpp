#include "node/session/ssh_host.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "node/session/ssh_errors.hpp"
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

posix::RunResult configuration(const std::string& program, const std::string& file, const std::string& host,
                               const StopToken& stop) {
  std::vector<std::string> ask{program, "-G"};
  if (!file.empty()) ask.insert(ask.end(), {"-F", file});
  ask.insert(ask.end(), {"--", host});
  try {
    return posix::run_process(ask, stop, "reading the ssh configuration");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::refused, "there is no ssh client here: " + error.message(),
                "install the package openssh-client");
  }
}

}  // namespace

std::string fast_ciphers_first(const std::string& ciphers) {
  std::string fast;
  std::string others;
  std::istringstream names(ciphers);
  for (std::string name; std::getline(names, name, ',');) {
    std::string& list = name.find("gcm") != std::string::npos ? fast : others;
    if (!list.empty()) list += ',';
    list += name;
  }
  if (fast.empty() || others.empty()) return ciphers;
  return fast + ',' + others;
}

std::string SshHost::command(const SshOptions& ssh) const {
  std::vector<std::string> words{ssh.program};
  if (!ssh.config.empty()) words.insert(words.end(), {"-F", ssh.config});
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(destination);
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + remedy::shell_word(word);
  return text;
}

void check_host_word(const std::string& word) {
  const bool good = !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '@' || c == '%' || c == '[' ||
           c == ']';
  });
  if (!good || word.find("@-") != std::string::npos)
    throw Error(ErrorKind::usage, "'" + word + "' is not a host that ssh can be given");
}

std::string config_value(const std::string& dump, const std::string& key) {
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);)
    if (line.compare(0, key.size() + 1, key + " ") == 0) return line.substr(key.size() + 1);
  return {};
}

SshHost choose_host(const SshOptions& ssh, const NodeAddresses& addresses, const std::string& node,
                    const StopToken& stop) {
  check_host_word(node);
  SshHost host;
  host.destination = ssh.destination.empty() ? node : ssh.destination;
  replace(host.destination, "{node}", node);
  if (host.destination.find("{ip}") != std::string::npos)
    replace(host.destination, "{ip}", first_address(addresses, node, stop));
  check_host_word(host.destination);
  const auto dump = configuration(ssh.program, ssh.config, host.destination, stop);
  if (!dump.ok()) throw ssh_error(node, host.command(ssh), dump.err);
  const auto ciphers = config_value(dump.out, "ciphers");
  const auto defaults = configuration(ssh.program, "/dev/null", host.destination, stop);
  if (ciphers == config_value(defaults.out, "ciphers")) host.ciphers = fast_ciphers_first(ciphers);
  if (!ssh.destination.empty()) return host;
  // The user's configuration has its own address, or a proxy that resolves the name itself.
  const bool proxied = !config_value(dump.out, "proxyjump").empty() || !config_value(dump.out, "proxycommand").empty();
  if (config_value(dump.out, "hostname") != node || proxied || resolves(node, stop)) return host;
  // User, key and port of a Host block still hold; only the address comes from the cluster.
  host.options = {"-o", "HostName=" + first_address(addresses, node, stop)};
  return host;
}

}  // namespace ms2m::node
