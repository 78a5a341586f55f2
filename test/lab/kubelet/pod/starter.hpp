#pragma once
#include "pod/context.hpp"
#include "pod/slot.hpp"
#include "pod/volumes.hpp"

namespace kubelet {

// One attempt to get a container of a pod running: image by pull policy, environment, mounts, runtime, events. It
// changes nothing but what it returns, so that it can run without the pod's lock.
struct StartResult {
  std::shared_ptr<Container> container;  // null: it failed
  std::string image_name;                // for the status
  std::string reason, message;           // the waiting state, when it failed
  std::optional<Json> not_begun;         // and the last one, as containerd has it
  bool pulled_in_vain = false;           // a registry was asked: counts for the pull back-off
  bool exists_half = false;              // the runtime made the container before it failed: the relist will notice
};

class Starter {
 public:
  Starter(NodeParts& parts, const Json& pod, const Sandbox& sandbox, PodDirectory& directory)
      : parts_(parts), pod_(pod), sandbox_(sandbox), directory_(directory) {}
  StartResult start(const Slot& slot, int restart_count, std::function<void()> on_exit);

 private:
  std::optional<Image> get_image(const Slot& slot, const ImageName& name, StartResult& result);
  void fail(const Slot& slot, StartResult& result, const std::string& reason, const std::string& message,
            const std::string& event = "");
  void event(const Slot& slot, const char* type, const char* reason, const std::string& message) {
    parts_.events.record(pod_, type, reason, message, slot.name());
  }
  ContainerPlan plan_of(const Slot& slot, const Image& image, int restart_count);

  NodeParts& parts_;
  const Json& pod_;
  const Sandbox& sandbox_;
  PodDirectory& directory_;
};

}  // namespace kubelet
