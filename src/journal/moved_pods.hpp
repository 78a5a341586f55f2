// Moved pods, whose control queues go when they are gone.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m {

/// A pod that a finished migration has made under a name of its own, and where to look for it.
struct MovedPod {
  std::string id;  ///< of the migration
  std::string ns, pod, control_queue;
  std::string kubeconfig, context, broker;  ///< as the journal has them
};

/// Of a journal that ended as done; nullopt: nothing will have to be taken away at the broker.
std::optional<MovedPod> moved_pod(const Journal& journal);
/// Keeps what must be known of it when its journal is gone: <root>/.moved/<id>.json, 0600. Best effort.
void remember_moved(const std::filesystem::path& root, const MovedPod& pod) noexcept;
/// Those that are remembered, and those whose journals are still there; the first hundred.
std::vector<MovedPod> moved_pods(const JournalStore& journals);
void forget_moved(const std::filesystem::path& root, const std::string& id) noexcept;

}  // namespace ms2m
