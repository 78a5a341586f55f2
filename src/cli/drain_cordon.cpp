#include "cli/drain_cordon.hpp"

#include "kube/objects/drainable.hpp"
#include "kube/objects/placement.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m::cli {

namespace {

constexpr Millis kCluster{30000};
constexpr Millis kAfterStop{2000};

Error may_be_cordoned(Error error, const std::string& node) {
  if (error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::unavailable)
    error.in("cordoning node " + node + ", which it may be now")
        .with_remedy(remedy::command(remedy::Command::show_node, {}, {node}));
  return error;
}

/// After a stop: the request may have arrived before it.
bool is_cordoned_after_all(Cluster& cluster, const std::string& name) {
  try {
    const auto node = cluster.get({Kind::node, "", name}, StopToken{}.within(kAfterStop));
    return node && parse_node(*node).cordoned;
  } catch (const Error& error) {
    throw may_be_cordoned(error, name);
  }
}

}  // namespace

void cordon_node(const Context& context, Cluster& cluster, const std::string& node) {
  try {
    cluster.patch({Kind::node, "", node}, PatchType::strategic, cordon_patch(), context.stop.within(kCluster));
  } catch (Error& error) {
    throw may_be_cordoned(error, node);
  } catch (const Cancelled&) {
    if (!is_cordoned_after_all(cluster, node)) throw;
  }
}

}  // namespace ms2m::cli
