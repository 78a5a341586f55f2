#pragma once
#include <string>

namespace kubelet {

struct ImageName {
  bool valid = false;
  std::string error;       // the kubelet's words, when it is not
  std::string repository;  // localhost/ms2m-consumer
  std::string tag;         // latest, or empty with a digest
  std::string digest;      // sha256:..., or empty
  std::string full() const { return repository + (digest.empty() ? ":" + tag : "@" + digest); }
};

// An image name as a pod's spec has it; the default tag is `latest`, and names without a host belong to docker.io.
ImageName parse_image_name(const std::string& text);

}  // namespace kubelet
