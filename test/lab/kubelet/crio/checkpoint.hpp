#pragma once
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "crio/container.hpp"
#include "server/faults.hpp"

namespace kubelet {

// CRI-O's words after "rpc error: code = Unknown desc = ".
struct CrioError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Checkpoints a running container into a tar archive at `target` (mode 0600). The container is frozen from before the
// dump until the archive is written, then it goes on. One at a time per container: another one fails as CRIU does when
// two meet. Throws CrioError.
void checkpoint_container(CrioContainer& container, const std::filesystem::path& target, Cgroups& cgroups,
                          const Faults& faults);

}  // namespace kubelet
