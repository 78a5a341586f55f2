// Listens to what running ms2m tell (server.hpp).
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "ms2m/listener.hpp"

namespace ms2m::live {

/// One for each ms2m of this user that runs on this machine and tells something.
std::vector<std::unique_ptr<Listener>> listen_to_all(const std::filesystem::path& directory);

}  // namespace ms2m::live
