// Two nodes' sessions with real sshds, and a restore on the second one that a checkpoint of the first is carried into.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "carry/direct.hpp"
#include "carry/private_registry.hpp"
#include "node/session/session_lab.hpp"
#include "node/session/session_restores.hpp"

namespace ms2m::test {

/// Every carrier keeps the same promises.
inline std::vector<Carriage> ways() { return {Carriage::relay, Carriage::direct, Carriage::registry}; }
/// Both nodes are this machine.
inline NodeAddresses loopback() {
  return [](const std::string&, const StopToken&) { return std::vector<std::string>{"127.0.0.1"}; };
}

/// ms2m's carriers between such nodes; there is a registry where the way goes through one.
struct Carriers {
  Carriers(SshNodes& nodes, Carriage way)
      : direct(nodes, loopback()),
        registry(way == Carriage::registry ? std::make_unique<PrivateRegistry>() : nullptr),
        all(nodes, direct, registry ? registry->client(nodes) : nullptr) {}
  Direct direct;
  std::unique_ptr<PrivateRegistry> registry;
  ThroughRegistry all;
};

/// For carriers of a test's own: a layout, between two sessions of this machine.
struct LayoutLab {
  explicit LayoutLab(const std::string& name) : id(name + "-" + std::to_string(::getpid())) {}
  ~LayoutLab() {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
    std::filesystem::remove(kLayoutRoot, ignored);
  }
  LayoutLab(const LayoutLab&) = delete;
  LayoutLab& operator=(const LayoutLab&) = delete;
  /// Of an archive of those bytes.
  MoveRequest request(const std::string& bytes, Carriage way) const {
    const std::string path = lab.checkpoints + "/" + kArchiveName;
    std::ofstream(path, std::ios::binary) << bytes;
    MoveRequest made{"worker-1", KubeletArchive{path}, "worker-2", directory};
    made.carriage = way;
    return made;
  }
  SessionLab lab;
  SshNodes nodes{lab.settings()};
  const std::string id;
  const std::string directory = std::string(kLayoutRoot) + "/" + id;
};

struct RestoreLab {
  explicit RestoreLab(Carriage by = Carriage::relay) : way(by) {}
  Carriage way;
  SessionLab lab;
  SshNodes nodes{lab.settings()};
  Carriers carriers{nodes, way};
  Carrier& carrier = carriers.all;
  SessionRestores restores{nodes};
  /// Restores lie where the program has them, on every node.
  std::string id = "test-" + std::to_string(::getpid());
  std::string directory = carrier.landing("worker-2", id, Unpack::restore).directory;
  RestoreTarget target{"shop", "consumer-0-m", "consumer", std::string(64, 'a')};

  ~RestoreLab() {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
    std::filesystem::remove(kLayoutRoot, ignored);
  }
  void prepare() { restores.prepare("worker-2", id, target, Millis{1000}, Seconds{600}, {}); }
  MoveRequest request(const Checkpoint& checkpoint) const {
    MoveRequest made{"worker-1", checkpoint, "worker-2", directory, Unpack::restore};
    made.carriage = way;
    return made;
  }
  MoveRequest request(const std::string& bytes) const {
    const std::string path = lab.checkpoints + "/" + kArchiveName;
    std::ofstream(path, std::ios::binary) << bytes;
    return request(KubeletArchive{path});
  }
};

}  // namespace ms2m::test
