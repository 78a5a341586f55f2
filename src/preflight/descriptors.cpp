// Findings about what the container's processes have open and CRIU cannot carry along. Files that the copy could not
// open again are volumes.cpp's.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <string_view>

#include "kube/objects/object.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

// CRIU's documentation, "What can be checkpointed"; the names as /proc/PID/fd has them.
constexpr std::string_view kCarried[] = {"eventpoll", "eventfd", "signalfd", "timerfd", "inotify",
                                         "fanotify",  "bpf-map", "pidfd",    "bpf_map"};
/// Device files that belong to hardware, or to a service of the kernel.
constexpr std::string_view kDevices[] = {"/dev/kvm", "/dev/fuse",        "/dev/vfio/",  "/dev/nvidia", "/dev/dri/",
                                         "/dev/kfd", "/dev/infiniband/", "/dev/vhost-", "/dev/mapper/"};

void check_anonymous(const Facts& facts, const std::string& name, std::vector<Finding>& out) {
  if (name == "io_uring")
    return refuse(out, "open-files",
                  fmt::format("container {} has an io_uring open, which CRIU does not carry along", facts.container),
                  "start it without one (Node.js and libuv: environment variable UV_USE_IO_URING=0)");
  if (std::find(std::begin(kCarried), std::end(kCarried), name) == std::end(kCarried))
    refuse(out, "open-files",
           fmt::format("container {} has an anonymous file {} open, which CRIU does not carry along", facts.container,
                       name),
           "let the application do without it");
}

/// On overlayfs the handle of what is watched leads nowhere (CRIU pull request 3043, after 4.2).
void check_watches(const Facts& facts, std::vector<Finding>& out) {
  const std::vector<int> version = version_numbers(facts.source.tools.criu);
  const bool cured = !version.empty() && !(version < std::vector<int>{4, 3});
  if (!facts.source.look.watches_overlay || cured) return;
  refuse(out, "open-files",
         fmt::format("container {} watches files of its image by inotify, and CRIU {} cannot carry that along",
                     facts.container, version.empty() ? "up to 4.2" : facts.source.tools.criu),
         fmt::format("install a CRIU later than 4.2 on {}, or let the application poll instead (.NET: "
                     "DOTNET_USE_POLLING_FILE_WATCHER=1, Node.js with chokidar: CHOKIDAR_USEPOLLING=1)",
                     pod_node(facts.pod)));
}

std::string mebibytes(Bytes bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes.count) / (1 << 20)); }

void check_deleted(const Facts& facts, std::vector<Finding>& out) {
  const Bytes limit = ghost_limit(facts.source.tools);
  for (const auto& [path, bytes] : facts.source.look.deleted_files) {
    if (bytes <= limit) continue;
    const std::uint64_t needed = std::bit_ceil((bytes.count >> 20) + 1);
    refuse(out, "open-files",
           fmt::format("file {} is deleted and still open in container {}: CRIU carries {} of one along, it has {}",
                       path, facts.container, mebibytes(limit), mebibytes(bytes)),
           fmt::format("put the line ghost-limit {}M into {} on {}, or let the application close it", needed,
                       criu_config_file(facts.source.tools), pod_node(facts.pod)));
  }
}

void check_sockets(const Facts& facts, std::vector<Finding>& out) {
  for (const std::string& peer : facts.source.look.outside_peers)
    refuse(
        out, "open-files",
        fmt::format("container {} is connected to {} by a unix socket: the other end is outside of it and stays behind",
                    facts.container, peer.empty() ? "another process" : peer),
        "let the application close the connection before the move, or reach that service over the network");
  if (facts.source.look.unknown_peers)
    out.push_back({"open-files", Level::warning,
                   fmt::format("container {} is connected by unix sockets, and who has their other ends could not be "
                               "told: a checkpoint fails if that is not the container itself",
                               facts.container),
                   fmt::format("install iproute2 (ss) on {}, or look with lsof -U there", pod_node(facts.pod))});
}

}  // namespace

void check_descriptors(const Facts& facts, std::vector<Finding>& out) {
  for (const std::string& name : facts.source.look.anonymous_files) check_anonymous(facts, name, out);
  check_watches(facts, out);
  check_deleted(facts, out);
  check_sockets(facts, out);
  for (const std::string& file : facts.source.look.open_files)
    for (const std::string_view device : kDevices)
      if (file.starts_with(device))
        refuse(out, "open-files",
               fmt::format("container {} has the device {} open, and what a device holds cannot be checkpointed",
                           facts.container, file),
               "run the container that holds the state without the device");
}

}  // namespace ms2m
