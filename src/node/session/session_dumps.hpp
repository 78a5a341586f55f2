// Checkpoints by the node's OCI runtime, through the program on the node. As adapters.hpp.
#pragma once
#include "ms2m/node_dump.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

class SessionDumps final : public RuntimeCheckpoints {
 public:
  explicit SessionDumps(SshNodes& nodes) : nodes_(nodes) {}
  DumpResult take(const std::string& node, const std::string& id, const std::string& container,
                  const StopToken& stop) override;
  DumpResult take_without_pages(const std::string& node, const std::string& id, const std::string& container,
                                Millis limit, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& id, const StopToken& stop) override;

 private:
  DumpResult take(const std::string& node, const node::DumpContainer& request, const StopToken& stop);
  SshNodes& nodes_;
};

}  // namespace ms2m
