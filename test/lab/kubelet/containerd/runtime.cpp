#include "containerd/runtime.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"
#include "containerd/configs.hpp"
#include "containerd/container.hpp"
#include "containerd/sandbox.hpp"

namespace kubelet {

ContainerdRuntime::ContainerdRuntime(const std::string& node_ip, Cgroups& cgroups, const Faults& faults,
                                     std::chrono::milliseconds limit)
    : node_ip_(node_ip), cgroups_(cgroups), faults_(faults), limit_(limit) {
  for (int tries = 0; version_.empty(); ++tries) {
    try {
      const Received told = cri_.call("RuntimeService/Version", Message());
      version_ = told.text(2) + "://" + told.text(3);
    } catch (const CriError&) {
      if (tries == 600) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

std::unique_ptr<Sandbox> ContainerdRuntime::make_sandbox(const Json& pod, const std::string& qos,
                                                         const std::string& handler) {
  return std::make_unique<ContainerdSandbox>(pod, node_ip_, qos, handler, cri_, cgroups_);
}

std::shared_ptr<Container> ContainerdRuntime::run(const ContainerPlan& plan, const std::function<void()>& on_created,
                                                  std::function<void()> on_exit) {
  const auto& sandbox = dynamic_cast<const ContainerdSandbox&>(*plan.sandbox);
  std::shared_ptr<ContainerdContainer> container;
  try {
    const Message config = container_config(plan, sandbox.log_directory(), sandbox.next_attempt());
    const Received made = cri_.call("RuntimeService/CreateContainer",
                                    Message().text(1, sandbox.id()).message(2, config).message(3, sandbox.config()));
    container = std::make_shared<ContainerdContainer>(plan, made.text(1), cri_);
  } catch (const CriError& error) {
    throw ContainerError("CreateContainerError", error.said);
  }
  on_created();
  try {
    const long patience = faults_.number("create_patience_ms");
    cri_.call("RuntimeService/StartContainer", Message().text(1, container->id()),
              patience > 0 ? std::chrono::milliseconds(patience) : limit_);
    container->follow(std::move(on_exit));
  } catch (const CriError& error) {
    ContainerError failed("RunContainerError", error.said);
    failed.container = container->full_id();
    throw failed;
  }
  return container;
}

ProcessResult ContainerdRuntime::exec(const Container& container, const std::vector<std::string>& argv,
                                      std::chrono::milliseconds timeout) const {
  ProcessResult result;
  try {
    const long seconds = std::max(1L, static_cast<long>(timeout.count() / 1000));
    const Received done =
        cri_.call("RuntimeService/ExecSync", Message().text(1, container.id()).texts(2, argv).number(3, seconds),
                  timeout + std::chrono::seconds(10));
    result.exit_code = static_cast<int>(done.number(3));
    result.out = done.text(1);
    result.err = done.text(2);
  } catch (const CriError& error) {
    result.timed_out = error.said.find("timeout") != std::string::npos;
    result.err = error.said;
  }
  return result;
}

void ContainerdRuntime::checkpoint(Container& container, const fs::path& target, std::chrono::milliseconds limit) {
  if (const long delay = faults_.number("checkpoint_delay_ms"); delay > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
  if (const std::string fault = faults_.text("checkpoint_fail"); !fault.empty()) {
    throw CheckpointError("rpc error: code = Unknown desc = checkpointing container \"" + container.id() +
                          "\" failed: " + fault);
  }
  const long patience = faults_.number("checkpoint_patience_ms");
  try {
    cri_.call("RuntimeService/CheckpointContainer", Message().text(1, container.id()).text(2, target),
              patience > 0 ? std::chrono::milliseconds(patience) : limit);
  } catch (const CriError& error) {
    throw CheckpointError(error.what());
  }
}

void ContainerdRuntime::clean_up() {
  try {
    for (const Received& sandbox : cri_.call("RuntimeService/ListPodSandbox", Message()).messages(1)) {
      cri_.call("RuntimeService/StopPodSandbox", Message().text(1, sandbox.text(1)));
      cri_.call("RuntimeService/RemovePodSandbox", Message().text(1, sandbox.text(1)));
    }
  } catch (const CriError& error) {
    log_line(std::string("removing what was left: ") + error.what());
  }
  unmount_below("/var/lib/kubelet/pods");
  remove_tree("/var/lib/kubelet/pods");
  cgroups_.kill("/kubepods");
  cgroups_.remove("/kubepods");
}

}  // namespace kubelet
