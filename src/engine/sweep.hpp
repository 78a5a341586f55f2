// What moved pods leave for as long as they live, and who takes it away when they are gone: the name of the image that
// they run under, on their node, and the control queue that ms2m declared for them.
#pragma once
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m {

struct SweepScope {
  std::vector<std::string> nodes;
  std::string kubeconfig, context, broker;
};

/// Removes, of pods that are gone:
/// - on `nodes`, names of images that migrations have made and that no pod of the node has in its spec, as its kubelet
///   itself lists them. Not those that still lead to a checkpoint: they are some migration's that is not finished.
/// - control queues of moved pods of the same cluster and broker, when nobody consumes them. No other queue: whose it
/// is
///   cannot be seen at the broker.
/// What cannot be found out stays. Throws nothing; a stop ends it early.
void sweep(const Migrator::Ports& ports, const JournalStore& journals, const SweepScope& scope, const StopToken& stop);

}  // namespace ms2m
