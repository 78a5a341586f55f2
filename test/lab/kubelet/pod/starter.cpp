#include "pod/starter.hpp"

#include <fmt/format.h>

#include "base/files.hpp"
#include "image/prefer.hpp"
#include "pod/environment.hpp"
#include "pod/status.hpp"

namespace kubelet {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; !what.empty() && (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

// The 64 digits after "container ", which the kubelet's events show as the container's name.
std::string id_in(const std::string& message) {
  const auto at = message.find("container ");
  const std::string id = at == std::string::npos ? "" : message.substr(at + 10, 64);
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos ? id : "";
}

std::string policy_of(const Json& spec, const ImageName& name) {
  return string_at(spec, "imagePullPolicy", name.digest.empty() && name.tag == "latest" ? "Always" : "IfNotPresent");
}

}  // namespace

void Starter::fail(const Slot& slot, StartResult& result, const std::string& reason, const std::string& message,
                   const std::string& event_text) {
  result.reason = reason;
  result.message = message;
  event(slot, "Warning", "Failed",
        event_text.empty() ? "Error: " + replaced(message, id_in(message), slot.name()) : event_text);
}

std::optional<Image> Starter::get_image(const Slot& slot, const ImageName& name, StartResult& result) {
  const std::string written = string_at(slot.spec, "image");
  const std::string policy = policy_of(slot.spec, name);
  auto image = parts_.runtime.find_image(name);
  if (image && policy != "Always") {
    event(slot, "Normal", "Pulled",
          "Container image \"" + written + "\" already present on machine and can be accessed by the pod");
    return image;
  }
  if (policy == "Never") {
    const std::string message = "Container image \"" + written + "\" is not present with pull policy of Never";
    event(slot, "Warning", "ErrImageNeverPull", message);
    fail(slot, result, "ErrImageNeverPull", message, "Error: ErrImageNeverPull");
    return std::nullopt;
  }
  if (slot.pull.active(slot.pull_failed, steady_now())) {
    event(slot, "Normal", "BackOff", "Back-off pulling image \"" + written + "\"");
    fail(slot, result, "ImagePullBackOff",
         fmt::format("Back-off pulling image \"{}\": {}: {}", written, slot.pull_error.reason, slot.pull_error.message),
         "Error: ImagePullBackOff");
    return std::nullopt;
  }
  event(slot, "Normal", "Pulling", "Pulling image \"" + written + "\"");
  const auto begin = steady_now();
  if (const auto error = parts_.runtime.pull(name, written)) {
    result.pulled_in_vain = true;
    event(slot, "Warning", "Failed", error->event);
    fail(slot, result, error->reason, error->message, "Error: " + error->reason);
    return std::nullopt;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - begin).count();
  event(slot, "Normal", "Pulled",
        fmt::format("Successfully pulled image \"{}\" in {}ms ({}ms including waiting).", written, took, took));
  return parts_.runtime.find_image(name);
}

ContainerPlan Starter::plan_of(const Slot& slot, const Image& image, int restart_count) {
  const Json& meta = at_or_null(pod_, "metadata");
  const fs::path logs = fs::path("/var/log/pods") /
                        (string_at(meta, "namespace") + "_" + string_at(meta, "name") + "_" + string_at(meta, "uid")) /
                        slot.name();
  make_dirs(logs);
  ContainerPlan plan;
  plan.pod = pod_;
  plan.container = slot.spec;
  plan.image = image;
  plan.sandbox = &sandbox_;
  plan.env = make_environment(pod_, slot.spec, sandbox_.ip(), parts_.lookup);
  plan.mounts = directory_.mounts_of(pod_, slot.spec, sandbox_.ip(), sandbox_.hostname());
  plan.resources = resources_of(slot.spec, qos_class(pod_));
  plan.restart_count = restart_count;
  plan.log_path = logs / (std::to_string(slot.log_number) + ".log");
  return plan;
}

StartResult Starter::start(const Slot& slot, int restart_count, std::function<void()> on_exit) {
  StartResult result;
  const ImageName name = parse_image_name(string_at(slot.spec, "image"));
  if (!name.valid) {
    event(slot, "Warning", "InspectFailed", name.error);
    fail(slot, result, "InvalidImageName", name.error, "Error: InvalidImageName");
    return result;
  }
  const auto image = get_image(slot, name, result);
  if (!image) return result;
  try {
    const ContainerPlan plan = plan_of(slot, prefer_name(*image, name.full()), restart_count);
    const auto created = [&] {
      result.exists_half = true;
      event(slot, "Normal", "Created", "Container created");
    };
    result.container = parts_.runtime.run(plan, created, std::move(on_exit));
    const Image& base = result.container->plan().image;
    result.image_name = result.container->restored() && !base.names.empty() ? base.names.front() : name.full();
    event(slot, "Normal", "Started", "Container started");
  } catch (const MissingReference& error) {
    fail(slot, result, "CreateContainerConfigError", error.what());
  } catch (const ContainerError& error) {
    fail(slot, result, error.reason, error.what());
    if (!error.container.empty()) result.not_begun = not_begun(error.container, error.what());
  } catch (const std::exception& error) {
    fail(slot, result, "CreateContainerError", error.what());
  }
  return result;
}

}  // namespace kubelet
