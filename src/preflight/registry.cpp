// Whether the checkpoint can go through the registry.
#include <fmt/format.h>

#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_registry(const Facts& facts, std::vector<Finding>& out) {
  if (!facts.registry) return;
  const RegistryFacts& registry = *facts.registry;
  if (registry.name.empty())
    return refuse(out, "registry", "the checkpoint is to go through a registry, and none is named",
                  "name one: --registry HOST[:PORT]/REPOSITORY");
  if (facts.source.access || facts.target.access) return;  // it could not be asked
  for (const auto& trouble : {registry.source, registry.target})
    if (trouble) return refuse(out, "registry", trouble->text, trouble->cure);
  // Its name has a tag of each migration's own.
  const std::string repository = registry.name.substr(0, registry.name.rfind(':'));
  if (!registry.deletes)
    return out.push_back({"registry", Level::warning,
                          fmt::format("the checkpoint, which holds the memory of the container, will stay in registry "
                                      "{}: it deletes nothing, or not for this login",
                                      repository),
                          "let it delete (docker-registry: storage.delete.enabled), or delete the tag ms2m-ID there "
                          "afterwards"});
  out.push_back({"registry", Level::ok,
                 fmt::format("the checkpoint goes through registry {}: node {} may push there and delete, node {} pull",
                             repository, facts.source.node ? facts.source.node->name : "of the source",
                             facts.target.node ? facts.target.node->name : "of the target"),
                 ""});
}

}  // namespace ms2m
