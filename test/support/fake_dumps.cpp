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

DumpResult FakeDumps::take_without_pages(const std::string& node, const std::string& id, const std::string& container,
                                         Millis, const StopToken& stop) {
  DumpResult taken = take(node, id, container, stop);
  const std::lock_guard lock(world_.mutex_);
  const std::string pod = world_.containers_.at(container);
  world_.consumers_.at(pod)->freeze();
  world_.frozen_[container] = AtEnd::thaw;
  world_.nodes_[node].served[id] = container;
  taken.pages = {1 << 20};
  return taken;
}

bool FakeDumps::remove(const std::string& node, const std::string& id, const StopToken&) {
  return world_.act("remove dump " + node, [&] {
    world_.end_serving(node, id);
    return world_.nodes_[node].dumps.erase(id) > 0;
  });
}

std::int64_t FakeOffsets::ask(const std::string&, const OffsetQuestion& question, const StopToken&) {
  return world_.act("offset of " + question.pod, [&] {
    const SimConsumer* consumer = world_.consumer_of(question.pod);
    if (consumer == nullptr) throw Error(ErrorKind::failed, "exit status 1: there is no such container");
    return consumer->offset();
  });
}

void FakeNodes::end_serving(const std::string& node, const std::string& dump) {
  auto& served = nodes_[node].served;
  const auto found = served.find(dump);
  if (found == served.end()) return;
  const auto pod = containers_.find(found->second);
  if (frozen_.erase(found->second) > 0 && pod != containers_.end()) consumers_.at(pod->second)->thaw();
  served.erase(found);
}

}  // namespace ms2m::test
