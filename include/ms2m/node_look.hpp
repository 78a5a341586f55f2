// What is read on the nodes themselves beside images and archives: the processor's features, whether anything lies in
// what a restore does not bring back (emptyDir volumes, /dev/shm), and what the container's processes have open.
// Values.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ms2m/units.hpp"

namespace ms2m {

/// data: at least one entry of any kind. unknown: it could not be looked into.
enum class Content { unknown, empty, data };

struct NodeLook {
  std::vector<std::string> features;  ///< sorted; "flags" (x86) or "Features" (arm) of /proc/cpuinfo; empty: unknown
  std::map<std::string, Content> volumes;  ///< by the emptyDir's name
  Content shm = Content::unknown;          ///< /dev/shm as the container sees it
  std::set<std::string> open_files{};   ///< by the container's processes, as they see them; not those that are deleted
  std::string base_image{};             ///< ID of the image that the container was made from (CRI-O); empty: unknown
  Bytes memory{};                       ///< of the container's processes that a checkpoint holds; 0: unknown
  Bytes shared_memory{};                ///< of it, what they may share
  bool listens_on_own_address = false;  ///< one of them does, on neither all addresses nor the loopback's
  std::set<std::string> anonymous_files{};  ///< that are open: "io_uring", "eventpoll", ...
  bool watches_overlay = false;  ///< an inotify watches something on overlayfs, or what it watches is not told
  std::map<std::string, Bytes> deleted_files{};  ///< that are open and have no name any more; not those in memory alone
  std::set<std::string> outside_peers{};         ///< whom unix sockets lead to outside of the container: a path, or ""
  bool unknown_peers = false;                    ///< some of its unix sockets are connected, and to whom is not told
  std::string kubelet_root{};                    ///< that has the pod in it; empty: not found
  std::optional<Seconds> clock_ahead{};  ///< of BootClock, at least: the time when its answer came; nullopt: unknown
};

/// The container whose files are asked for; with empty fields only the processor is looked at.
struct LookAt {
  std::string pod_uid;
  std::string container_id;  ///< as in the pod's status ("cri-o://08eb..."); anything else: /dev/shm is unknown
  std::vector<std::string> empty_dirs;
};

}  // namespace ms2m
