// Where the handler finds what it works with.
#pragma once
#include <string>

#include "node/protocol/setup_paths.hpp"

namespace ms2m::node {

/// Tests give it others.
struct HandlerPaths {
  std::string configuration = kHandlerSettings;
  std::string restores = "/var/lib/ms2m";
  std::string started = "/run/ms2m/not-started";  ///< a file per container that was restored, and not yet started
  std::string system{};                           ///< before the paths of CRIU's settings
};

}  // namespace ms2m::node
