// What the direct carrier does where the nodes do not reach each other, or not any more; the others' tests have the
// rest.
#include "carry/direct.hpp"

#include <sys/socket.h>

#include "carry/archive_of.hpp"
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "support/ports.hpp"
#include "wrap/tls/tcp.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;
namespace fs = std::filesystem;

namespace {

NodeAddresses address(const std::string& text) {
  return [text](const std::string&, const StopToken&) { return std::vector<std::string>{text}; };
}

struct Layout : LayoutLab {
  explicit Layout(NodeAddresses addresses, std::uint16_t port = 0)
      : LayoutLab("direct"), carrier(nodes, std::move(addresses), port) {}
  MoveResult move(const std::string& bytes) {
    MoveRequest request = LayoutLab::request(bytes, Carriage::direct);
    request.on_detour = [&](const std::string& why) { detours.push_back(why); };
    return carrier.move(request, {}, {});
  }
  Direct carrier;
  std::vector<std::string> detours;
};

}  // namespace

TEST_CASE("direct: over IPv4 and IPv6, and on a port that is named", "[direct]") {
  const std::uint16_t port = port_to_listen_at();
  for (const auto& [to, on] : std::vector<std::pair<std::string, std::uint16_t>>{
           {"127.0.0.1", std::uint16_t{0}}, {"::1", std::uint16_t{0}}, {"127.0.0.1", port}}) {
    Layout layout(address(to), on);
    CHECK_FALSE(layout.carrier.obstacle("worker-1", "worker-2", {}));
    const MoveResult moved = layout.move("archive");
    CHECK(moved.carriage == Carriage::direct);
    CHECK(moved.bytes == Bytes{7});
    CHECK(layout.detours.empty());
    CHECK(posix::read_file(layout.directory + "/blobs/sha256/" + moved.sha256) == "archive");
  }
}

TEST_CASE("direct: where the nodes do not reach each other the relay has it, and that is told once", "[direct]") {
  const auto busy = tls::listen_at("127.0.0.1", 0);
  const std::uint16_t taken = tls::port_of(busy);
  const NodeAddresses none = [](const std::string&, const StopToken&) { return std::vector<std::string>{}; };
  const NodeAddresses silent = [](const std::string&, const StopToken&) -> std::vector<std::string> {
    throw Error(ErrorKind::unavailable, "the API server does not answer");
  };
  for (const auto& [addresses, port, said] : std::vector<std::tuple<NodeAddresses, std::uint16_t, std::string>>{
           {address("192.0.2.1"), std::uint16_t{0}, "listening on 192.0.2.1:0: Cannot assign requested address"},
           {address("127.0.0.1"), taken,
            "listening on 127.0.0.1:" + std::to_string(taken) + ": Address already in use"},
           {none, std::uint16_t{0}, "node worker-2 has no InternalIP"},
           {silent, std::uint16_t{0}, "the API server does not answer"}}) {
    INFO(said);
    Layout layout(addresses, port);
    const MoveResult moved = layout.move("archive");
    CHECK(moved.carriage == Carriage::relay);
    CHECK(moved.bytes == Bytes{7});
    REQUIRE(layout.detours.size() == 1);
    CHECK_THAT(layout.detours[0], Contains(said));
    CHECK(layout.move("again").carriage == Carriage::relay);
    CHECK(layout.detours.size() == 1);
    CHECK_THAT(layout.carrier.obstacle("worker-1", "worker-2", {}).value_or(""), Contains(said));
  }
}

TEST_CASE("direct: what was found out before a move is not told again", "[direct]") {
  Layout layout(address("192.0.2.1"));
  CHECK(layout.carrier.obstacle("worker-1", "worker-2", {}));
  CHECK(layout.move("archive").carriage == Carriage::relay);
  CHECK(layout.detours.empty());
}

TEST_CASE("direct: a node reaches itself, in its one session", "[direct]") {
  Layout layout(address("127.0.0.1"));
  const std::string path = layout.lab.checkpoints + "/" + kArchiveName;
  std::ofstream(path, std::ios::binary) << "archive";
  MoveRequest request{"worker-1", KubeletArchive{path}, "worker-1", layout.directory};
  request.carriage = Carriage::direct;
  CHECK(layout.carrier.move(request, {}, {}).carriage == Carriage::relay);
}

TEST_CASE("direct: a node that cannot be reached by ssh is an error as ever", "[direct]") {
  Layout layout(address("127.0.0.1"));
  CHECK(error_of([&] { layout.carrier.obstacle("worker-1", "no-access", {}); }).kind() == ErrorKind::forbidden);
}
