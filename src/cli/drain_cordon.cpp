#include "cli/drain_cordon.hpp"

#include <optional>

#include "kube/objects/drainable.hpp"
#include "kube/objects/placement.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m::cli {

namespace {

constexpr Millis kCluster{30000};
constexpr Millis kAfterwards{2000};

/// A request that was given up may have arrived before that. nullopt: nobody can say.
std::optional<bool> is_cordoned(Cluster& cluster, const std::string& name) try {
  const auto node = cluster.get({Kind::node, "", name}, StopToken{}.within(kAfterwards));
  return node && parse_node(*node).cordoned;
} catch (const Error&) {
  return std::nullopt;
}

/// False: `given_up` may have come of it all the same.
template <class GivenUp>
bool is_cordoned_after_all(const Context& context, Cluster& cluster, const std::string& node, const GivenUp& given_up) {
  const auto cordoned = is_cordoned(cluster, node);
  if (cordoned == false) throw given_up;
  if (!cordoned)
    warn(context, "node " + node + " may be cordoned: cordoning it ended with: " + given_up.what(),
         remedy::command(remedy::Command::show_node, {}, {node}));
  return cordoned.has_value();
}

}  // namespace

bool cordon_node(const Context& context, Cluster& cluster, const std::string& node) try {
  cluster.patch({Kind::node, "", node}, PatchType::strategic, cordon_patch(), context.stop.within(kCluster));
  return true;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable) throw;
  return is_cordoned_after_all(context, cluster, node, error);
} catch (const Cancelled& stopped) {
  return is_cordoned_after_all(context, cluster, node, stopped);
}

}  // namespace ms2m::cli
