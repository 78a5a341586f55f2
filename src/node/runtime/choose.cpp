#include "node/runtime/choose.hpp"

#include "node/runtime/kinds.hpp"

namespace ms2m::node {

std::unique_ptr<NodeRuntime> choose_runtime(const std::string& version, const RuntimePlace& place) {
  if (version.empty()) return crio_kind().store(place);
  for (const RuntimeKind& kind : runtime_kinds())
    if (kind.store && version.starts_with(kind.scheme + "://")) return kind.store(place);
  return nullptr;
}

}  // namespace ms2m::node
