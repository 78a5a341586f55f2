#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace kubelet {

struct Image {
  std::string id;      // config digest, without "sha256:"
  std::string digest;  // manifest digest, with it
  std::vector<std::string> names;
  std::string top_layer;
  Json manifest;
  Json config;      // the whole image configuration
  std::string ref;  // what the runtime calls it in a container's status, where that does not follow from its names
  std::string annotation(const std::string& key) const {
    return string_at(at_or_null(manifest, "annotations"), key.c_str());
  }
  std::string id_for_status() const;  // localhost/ms2m-consumer@sha256:...
};

// A name without its tag or digest.
std::string repository_of(const std::string& name);

// The signal that a container of it is asked to end with.
int stop_signal(const Image& image);

}  // namespace kubelet
