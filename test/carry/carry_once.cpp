// `bench transfer`'s hand: one archive by one of ms2m's own carriers between two nodes, with nothing else of a
// migration around it.
//
// usage: carry_once JSON      {"way", "ssh_config", "from", "to", "archive", "id", "cache", "address", "registry",
//                       "registry_ca", "registry_logins", "compress"}
//
// Prints {"open": true} when both sessions are and the restore is prepared, and waits for a line; then moves, prints
// {"bytes", "travelled_bytes", "seconds", "sha256"}, and waits for another one: who measures looks at the processes
// meanwhile. What it leaves on the nodes is below `cache` and the restore `id`, and whoever named them removes it.
#include <iostream>
#include <memory>
#include <string>

#include "carry/direct.hpp"
#include "carry/registry.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "node/session/session_restores.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;

namespace {

Carriage carriage(const std::string& way) {
  if (way == "ssh-relay") return Carriage::relay;
  if (way == "ssh-direct") return Carriage::direct;
  if (way == "registry") return Carriage::registry;
  throw Error(ErrorKind::usage, "there is no way '" + way + "'");
}

Compression compression(const std::string& word) {
  for (const Compression each : {Compression::none, Compression::zstd, Compression::automatic})
    if (word == to_string(each)) return each;
  throw Error(ErrorKind::usage, "there is no compression '" + word + "'");
}

NodeSettings settings(const Json& said) {
  NodeSettings settings;
  settings.ssh.config = said.at("ssh_config");
  // This build's program, whatever the nodes have.
  settings.places = {"", said.at("cache")};
  return settings;
}

std::unique_ptr<RegistryClient> registry(const Json& said, SshNodes& nodes) {
  RegistryPlace place = parse_registry(said.at("registry"));
  place.at.certificates = posix::read_file(std::string(said.at("registry_ca")));
  const std::string logins = said.at("registry_logins");
  return std::make_unique<RegistryClient>(
      nodes, std::move(place), RegistryLogins([logins](const std::string& name) -> std::optional<std::string> {
        return name == "REGISTRY_AUTH_FILE" ? std::optional(logins) : std::nullopt;
      }));
}

/// False: nobody is there any more.
bool tell_and_wait(const Json& what) {
  std::cout << what.dump() << std::endl;
  std::string line;
  return static_cast<bool>(std::getline(std::cin, line));
}

void carry(const Json& said) {
  SshNodes nodes(settings(said));
  const std::string address = said.at("address");
  Direct direct(nodes, [&](const std::string&, const StopToken&) { return std::vector<std::string>{address}; });
  ThroughRegistry by(nodes, direct, registry(said, nodes));
  const std::string from = said.at("from"), to = said.at("to"), id = said.at("id");
  nodes.open(from, {});
  nodes.open(to, {});
  const RestoreTarget target{"bench", "transfer", "consumer", std::string(64, 'a')};
  SessionRestores(nodes).prepare(to, id, target, Millis{1000}, Seconds{3600}, {});
  MoveRequest request{from, KubeletArchive{said.at("archive")}, to, by.landing(to, id, Unpack::restore).directory,
                      Unpack::restore};
  request.carriage = carriage(said.at("way"));
  request.compress = compression(said.at("compress"));
  request.on_detour = [](const std::string& why) { throw Error(ErrorKind::unavailable, why); };
  if (!tell_and_wait({{"open", true}})) return;
  const TimePoint begun = Clock::now();
  const MoveResult moved = by.move(request, {}, {});
  const double seconds = seconds_between(begun, Clock::now());
  if (request.carriage == Carriage::registry) by.remove(from, by.name(id), {});
  tell_and_wait({{"bytes", moved.bytes.count},
                 {"travelled_bytes", moved.travelled.value_or(moved.bytes).count},
                 {"seconds", seconds},
                 {"sha256", moved.sha256}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: carry_once JSON\n";
    return 2;
  }
  try {
    carry(Json::parse(argv[1]));
  } catch (const std::exception& error) {
    std::cerr << "carry_once: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
