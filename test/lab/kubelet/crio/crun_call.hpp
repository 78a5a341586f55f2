#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "crio/container.hpp"

namespace kubelet {

// A call of an OCI runtime with the container's future standard streams; what it says itself is in the error.
class CrunCall {
 public:
  explicit CrunCall(OciRuntime oci);
  ~CrunCall();
  CrunCall(const CrunCall&) = delete;
  CrunCall& operator=(const CrunCall&) = delete;

  ProcessSpec spec(const std::vector<std::string>& arguments) const;
  // When that has ended. Throws ContainerError(reason, before + its words) when it failed.
  void check(const ProcessResult& result, const std::string& reason, const std::string& before);
  CrioContainer::Pipes& pipes() { return pipes_; }

 private:
  std::string drain();
  OciRuntime oci_;
  CrioContainer::Pipes pipes_;
};

}  // namespace kubelet
