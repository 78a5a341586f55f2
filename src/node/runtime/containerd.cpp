#include "node/runtime/containerd.hpp"

#include <algorithm>
#include <sstream>

#include "ms2m/json.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/ctr_output.hpp"
#include "node/runtime/programs.hpp"
#include "node/runtime/tool.hpp"

namespace ms2m::node {
namespace {

constexpr const char* kNamespace = "k8s.io";  // of containerd's, in which its CRI plugin works
constexpr std::chrono::seconds kPatience{10};

std::string program(const std::string& system, const std::string& node) {
  const std::string ctr = find_program(system, "ctr");
  if (!ctr.empty()) return ctr;
  const std::string on = node.empty() ? "this node" : "node " + node;
  throw Error(ErrorKind::refused, on + " has no ctr, through which containerd's images are looked at",
              "install ctr, which comes with containerd, on " + on);
}

posix::RunResult ctr(const std::string& system, const std::string& node, const std::vector<std::string>& arguments,
                     const StopToken& stop) {
  std::vector<std::string> argv{program(system, node), "-n", kNamespace};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  if (auto result = run_tool(argv, stop)) return std::move(*result);
  throw Error(ErrorKind::failed, argv.front() + " has gone while it was to be called");
}

std::string user_of(const std::string& config) {
  const Json json = Json::parse(config, nullptr, false);
  if (!json.is_object() || !json.contains("config") || !json["config"].is_object()) return "";
  const auto user = json["config"].find("User");
  return user != json["config"].end() && user->is_string() ? user->get<std::string>() : "";
}

[[noreturn]] void refuse(const std::string& node) {
  throw Error(ErrorKind::refused,
              "node " + node + " runs containerd, into whose image store a checkpoint is not brought",
              "migrate with --restore handler");
}

}  // namespace

std::string ContainerdRuntime::base_image(const std::string& container_id) const {
  try {
    return image_of_containerd(place_.system, container_id, StopToken());
  } catch (const Error&) {
    return "";
  }
}

std::string ContainerdRuntime::probe(const StopToken& stop) const {
  const auto result = ctr(place_.system, place_.node, {"--version"}, stop);
  if (!result.ok()) throw tool_error("running ctr", place_.node, result);
  // "ctr github.com/containerd/containerd/v2 2.1.9"; a commit's name may follow
  std::istringstream words(result.out);
  std::string name, module, version;
  words >> name >> module >> version;
  return version.empty() ? "ctr" : "ctr " + version;
}

std::optional<std::vector<StoredImage>> ContainerdRuntime::list(const StopToken& stop) const {
  const auto result = ctr(place_.system, place_.node, {"images", "ls"}, stop);
  if (!result.ok()) throw tool_error("listing the images", place_.node, result);
  return images_of_ctr(result.out);
}

std::optional<StoredImage> ContainerdRuntime::find(const std::string& reference, const StopToken& stop) const {
  const std::string id = reference.starts_with('@') ? reference.substr(1) : "";
  auto all = list(stop);
  for (StoredImage& image : *all) {
    const bool named = std::find(image.names.begin(), image.names.end(), reference) != image.names.end();
    if (!named && (id.empty() || image.id != id)) continue;
    const auto config = ctr(place_.system, place_.node, {"content", "get", "sha256:" + image.id}, stop);
    if (config.ok()) image.user = user_of(config.out);
    return std::move(image);
  }
  return std::nullopt;
}

std::string ContainerdRuntime::import_checkpoint(int, const CheckpointImage&, const StopToken&) const {
  refuse(place_.node);
}
void ContainerdRuntime::point_name(const std::string&, const std::string&, const StopToken&) const {
  refuse(place_.node);
}
bool ContainerdRuntime::remove_name(const std::string&, const StopToken&) const { refuse(place_.node); }
bool ContainerdRuntime::remove_image(const std::string&, const StopToken&) const { refuse(place_.node); }

std::string image_of_containerd(const std::string& system, const std::string& container_id, const StopToken& stop) {
  const auto result = ctr(system, "", {"containers", "info", container_id}, stop.within(kPatience));
  const std::string what = "asking containerd for the image of container " + container_id.substr(0, 12);
  if (!result.ok()) throw Error(ErrorKind::failed, what + ": " + posix::last_line(result.err));
  const std::string id = image_of_ctr_container(result.out);
  if (id.empty()) throw Error(ErrorKind::failed, what + ": its record does not tell");
  return id;
}

bool resume_in_containerd(const std::string& system, const std::string& container_id, const StopToken& stop) {
  try {
    return ctr(system, "", {"tasks", "resume", container_id}, stop.within(kPatience)).ok();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace ms2m::node
