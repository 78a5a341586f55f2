#include "node/runtime/choose.hpp"

#include "node/runtime/crio.hpp"

namespace ms2m::node {

std::unique_ptr<NodeRuntime> choose_runtime(const std::string& version, const RuntimePlace& place) {
  if (version.empty() || version.starts_with("cri-o://")) return std::make_unique<CrioRuntime>(place);
  return nullptr;
}

}  // namespace ms2m::node
