// Checkpoints by the node's own OCI runtime.
#include "ms2m/error.hpp"
#include "support/fake_cluster.hpp"

namespace ms2m::test {

DumpResult FakeDumps::take(const std::string& node, const std::string& id, const std::string& container,
                           const StopToken&) {
  return world_.act("dump " + node, [&] {
    const auto found = world_.containers_.find(container);
    const auto consumer =
        found == world_.containers_.end() ? world_.consumers_.end() : world_.consumers_.find(found->second);
    if (consumer == world_.consumers_.end() || !world_.on("pod/" + found->second, node))
      throw Error(ErrorKind::not_found, "no OCI runtime of this node runs container " + container);
    const bool fresh = world_.nodes_[node].dumps.emplace(id, consumer->second->checkpoint()).second;
    if (!fresh) throw Error(ErrorKind::conflict, "there is a dump " + id + " on this node");
    return DumpResult{{1000}, Millis{280}};
  });
}

bool FakeDumps::remove(const std::string& node, const std::string& id, const StopToken&) {
  return world_.act("remove dump " + node, [&] { return world_.nodes_[node].dumps.erase(id) > 0; });
}

}  // namespace ms2m::test
