#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "image/image.hpp"
#include "image/pull.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/container.hpp"
#include "runtime/sandbox.hpp"

namespace kubelet {

// The runtime's words, as gRPC gives them to the kubelet: "rpc error: code = ... desc = ...".
struct CheckpointError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The node's container runtime, as the kubelet sees it.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual std::string version() const = 0;  // as a Node's status has it: "cri-o://1.36.3"

  // `handler`: a runtime handler's name, or "". Throws std::runtime_error.
  virtual std::unique_ptr<Sandbox> make_sandbox(const Json& pod, const std::string& qos,
                                                const std::string& handler) = 0;
  // Prepares a container and starts it. Throws ContainerError. `on_created` is called when it exists and only its start
  // is to come, `on_exit` when it has ended, from a thread of its own.
  virtual std::shared_ptr<Container> run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                         std::function<void()> on_exit) = 0;
  // Returns when no creation that the kubelet has given up is left of this sandbox, which is to go.
  virtual void wait_for_creates(const Sandbox&) {}
  // The kubelet ends: creations under way end now.
  virtual void end_creates() {}

  // Runs a command inside; the exit code or -1.
  virtual ProcessResult exec(const Container& container, const std::vector<std::string>& argv,
                             std::chrono::milliseconds timeout) const = 0;
  // Checkpoints a running container, which goes on, into an archive at `target` (mode 0600). Throws CheckpointError.
  // `limit`: when the kubelet gives the call up; what the runtime does then is its own affair.
  virtual void checkpoint(Container& container, const std::filesystem::path& target,
                          std::chrono::milliseconds limit) = 0;

  virtual std::optional<Image> find_image(const ImageName& name) const = 0;
  // Nothing when it is there. `as_written`: in the pod's spec. Blocks.
  virtual std::optional<PullError> pull(const ImageName& name, const std::string& as_written) = 0;
  virtual Json image_summary() const = 0;  // as status.images of a Node

  // As systemctl restarts it: its settings are read anew; containers go on.
  virtual void restart() = 0;
  // Removes what an earlier kubelet left behind; and at the end, everything.
  virtual void clean_up() = 0;
};

}  // namespace kubelet
