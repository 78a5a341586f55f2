#include "node/program/sockets.hpp"

#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

constexpr const char* kUnix =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 11111 /run/listens.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03    1\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 91500 /run/host/my agent.sock\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03   22 @abstract\n";

NodeLook told(const std::map<std::string, std::string>& peers, const std::set<std::string>& own, bool many = false) {
  NodeLook look;
  tell_peers(read_unix_sockets(kUnix), peers, own, many, look);
  return look;
}

}  // namespace

TEST_CASE("which sockets listen, and where", "[node_program]") {
  const auto listeners = read_listeners(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0201A8C6:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 "
      "0\n"
      "   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 "
      "0\n");
  REQUIRE(listeners.size() == 1);
  CHECK(listeners[0].address == "0201A8C6");
  CHECK(listeners[0].inode == "4711");
  for (const char* address : {"00000000", "0100007F", "00000000000000000000000000000000",
                              "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"})
    CHECK_FALSE(is_own_address(address));
  for (const char* address :
       {"0201A8C6", "0000000000000000FFFF00000201A8C6", "B80D01200000000067452301EFCDAB89"})  // 198.168.1.2 first
    CHECK(is_own_address(address));
}

TEST_CASE("unix sockets that are connected", "[node_program]") {
  const UnixSockets found = read_unix_sockets(kUnix);
  CHECK(found.connected == std::set<std::string>{"1", "22", "91500"});
  CHECK(found.paths == std::map<std::string, std::string>{{"22", "@abstract"}, {"91500", "/run/host/my agent.sock"}});
}

TEST_CASE("whom they lead to", "[node_program][case-09]") {
  // Both ends are its own; another container's; an end that is closed.
  CHECK(told({{"1", "22"}, {"22", "1"}}, {"1", "22"}).outside_peers.empty());
  CHECK(told({{"1", "8"}}, {"7"}).outside_peers.empty());
  CHECK(told({{"1", "0"}}, {"1"}).outside_peers.empty());
  CHECK(told({{"1", "91500"}}, {"1"}).outside_peers == std::set<std::string>{"/run/host/my agent.sock"});
  CHECK(told({{"1", "9"}}, {"1"}).outside_peers == std::set<std::string>{""});
  CHECK_FALSE(told({{"1", "9"}}, {"1"}).unknown_peers);
  // Not all processes were looked at; the kernel does not tell.
  CHECK(told({{"1", "9"}}, {"1"}, true).unknown_peers);
  CHECK(told({{"1", "9"}}, {"1"}, true).outside_peers.empty());
  CHECK_FALSE(told({{"1", "22"}}, {"1", "22"}, true).outside_peers.size() > 0);
  CHECK(told({}, {"1"}).unknown_peers);
  NodeLook look;
  tell_peers(read_unix_sockets(kUnix), std::nullopt, {"1"}, false, look);
  CHECK(look.unknown_peers);
}
