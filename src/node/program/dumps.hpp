// Checkpoints of containers by their own runtime, kept for a session.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "node/program/channel.hpp"
#include "node/program/containers.hpp"
#include "node/program/dump_place.hpp"
#include "node/program/kept_memory.hpp"
#include "node/program/roots.hpp"

namespace ms2m::node {

/// Semantics: dump_requests.hpp. Thread-safe.
class Dumps {
 public:
  /// Both must outlive it.
  Dumps(const Roots& roots, Containers& containers) : roots_(roots), containers_(containers) {}

  DumpAnswer take(const DumpContainer& request, const std::string& node, const StopToken& stop);
  StreamEnd read(const ReadDump& request, KeptMemory& kept, Channel& channel);
  Found remove(const RemoveDump& request, const StopToken& stop);
  /// All of this session go.
  void end() noexcept;

 private:
  const Roots& roots_;
  Containers& containers_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<DumpPlace>> places_;  ///< that are whole
};

}  // namespace ms2m::node
