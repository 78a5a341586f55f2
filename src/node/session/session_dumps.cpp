#include "node/session/session_dumps.hpp"

#include "node/protocol/checks.hpp"

namespace ms2m {

DumpResult SessionDumps::take(const std::string& node, const node::DumpContainer& request, const StopToken& stop) {
  node::check_restore_id(request.id);
  const std::string doing = "checkpointing container " + node::check_container_id(request.container).substr(0, 12);
  const node::DumpAnswer answer = nodes_.ask(node, request, doing, stop);
  return {answer.bytes, Millis(static_cast<std::int64_t>(answer.frozen_ms)), answer.pages};
}

DumpResult SessionDumps::take(const std::string& node, const std::string& id, const std::string& container,
                              const StopToken& stop) {
  return take(node, node::DumpContainer{id, container}, stop);
}

DumpResult SessionDumps::take_without_pages(const std::string& node, const std::string& id,
                                            const std::string& container, Millis limit, const StopToken& stop) {
  return take(node, node::DumpContainer{id, container, static_cast<std::uint64_t>(limit.count())}, stop);
}

bool SessionDumps::remove(const std::string& node, const std::string& id, const StopToken& stop) {
  node::check_restore_id(id);
  return nodes_.ask_again(node, node::RemoveDump{id}, "removing dump " + id, stop).found;
}

}  // namespace ms2m
