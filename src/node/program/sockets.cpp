#include "node/program/sockets.hpp"

#include <sstream>
#include <string_view>

namespace ms2m::node {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::vector<Listener> read_listeners(const std::string& table) {
  constexpr const char* kListening = "0A";
  std::vector<Listener> found;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = words_of(line);
    if (columns.size() >= 10 && columns[3] == kListening)
      found.push_back({columns[1].substr(0, columns[1].find(':')), columns[9]});
  }
  return found;
}

bool is_own_address(std::string address) {
  constexpr std::string_view kMapped = "0000000000000000FFFF0000";  // an IPv4 address on an IPv6 socket
  if (address.starts_with(kMapped)) address.erase(0, kMapped.size());
  if (address.find_first_not_of('0') == std::string::npos) return false;  // all addresses
  return address.size() == 8 ? address.substr(6) != "7F" : address != "00000000000000000000000001000000";
}

UnixSockets read_unix_sockets(const std::string& table) {
  constexpr const char* kConnected = "03";
  UnixSockets found;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    // Num RefCount Protocol Flags Type St Inode Path
    const auto columns = words_of(line);
    if (columns.size() < 7 || columns[5] != kConnected) continue;
    found.connected.insert(columns[6]);
    const auto path = columns.size() > 7 ? line.find(columns[7], line.find(" " + columns[6]) + columns[6].size() + 1)
                                         : std::string::npos;
    if (path != std::string::npos) found.paths[columns[6]] = line.substr(path);
  }
  return found;
}

void tell_peers(const UnixSockets& sockets, const std::optional<std::map<std::string, std::string>>& peers,
                const std::set<std::string>& own, bool many, NodeLook& look) {
  for (const std::string& inode : sockets.connected) {
    if (own.count(inode) == 0) continue;  // another container's of the pod
    const std::string* peer = nullptr;
    if (peers)
      if (const auto found = peers->find(inode); found != peers->end()) peer = &found->second;
    const bool ours = peer != nullptr && own.count(*peer) > 0;
    if (peer == nullptr || (many && !ours)) {
      look.unknown_peers = true;
    } else if (*peer != "0" && !ours) {
      const auto path = sockets.paths.find(*peer);
      look.outside_peers.insert(path == sockets.paths.end() ? "" : path->second);
    }
  }
}

}  // namespace ms2m::node
