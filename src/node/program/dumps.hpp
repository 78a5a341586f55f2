// Checkpoints of containers by their own runtime, kept for a session.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "node/criu/page_frames.hpp"
#include "node/program/channel.hpp"
#include "node/program/containers.hpp"
#include "node/program/dump_place.hpp"
#include "node/program/kept_memory.hpp"
#include "node/program/oci_container.hpp"
#include "node/program/roots.hpp"
#include "node/program/served_dump.hpp"

namespace ms2m::node {

/// Semantics: dump_requests.hpp. Thread-safe.
class Dumps {
 public:
  /// All of them must outlive it.
  Dumps(const Roots& roots, Containers& containers, Guard& guard)
      : roots_(roots), containers_(containers), guard_(guard) {}

  DumpAnswer take(const DumpContainer& request, const std::string& node, const StopToken& stop);
  StreamEnd read(const ReadDump& request, KeptMemory& kept, Channel& channel);
  PagesEnd serve(const ServePages& request, const std::string& node, Channel& channel);
  Found remove(const RemoveDump& request, const StopToken& stop);
  /// Pages are served no more, of those that are being made neither. Every one has come to its end, but for those that
  /// a request is about, which ends them.
  void close() noexcept;
  /// All of this session go.
  void end() noexcept;

 private:
  struct Kept {
    std::shared_ptr<DumpPlace> place;
    std::shared_ptr<ServedDump> served{};  ///< with pages kept back; goes before its place does
    PageSet pages{};                       ///< that were kept back
    bool fetched = false;                  ///< by a request
  };
  DumpAnswer take_served(const DumpContainer& request, const OciContainer& container, const std::string& id,
                         const std::shared_ptr<DumpPlace>& place, const std::string& node, const StopToken& stop);
  Kept find(const std::string& id);
  void add(const std::shared_ptr<ServedDump>& served);
  const Roots& roots_;
  Containers& containers_;
  Guard& guard_;
  std::mutex mutex_;
  std::map<std::string, Kept> places_;             ///< that are whole
  std::vector<std::weak_ptr<ServedDump>> served_;  ///< of this session, also those that are being made
  bool closed_ = false;
};

}  // namespace ms2m::node
