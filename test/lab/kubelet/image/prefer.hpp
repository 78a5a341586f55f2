#pragma once
#include <algorithm>

#include "image/image.hpp"

namespace kubelet {

// Of an image's names the first is the one that is shown: makes it `name`, when the image has that.
inline Image prefer_name(Image image, const std::string& name) {
  const auto found = std::find(image.names.begin(), image.names.end(), name);
  if (found != image.names.end()) std::rotate(image.names.begin(), found, found + 1);
  return image;
}

}  // namespace kubelet
