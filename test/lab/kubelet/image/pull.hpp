#pragma once
#include <optional>
#include <string>

#include "image/name.hpp"

namespace kubelet {

struct PullError {
  std::string reason;   // ErrImagePull or RegistryUnavailable
  std::string message;  // for the waiting state
  std::string event;    // for the event "Failed"
};

// Pulls into containers-storage with skopeo. Blocks; a minute at most.
std::optional<PullError> pull_image(const ImageName& name, const std::string& as_written);

}  // namespace kubelet
