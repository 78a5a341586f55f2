// A node of each kind, in a temporary directory, with the program at work on it.
#pragma once
#include <sys/stat.h>

#include <map>
#include <string>

#include "ms2m/node_setup.hpp"
#include "node/program/session.hpp"
#include "node/protocol/setup_paths.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

/// As CRI-O's packages install it.
inline constexpr const char* kCrioFile =
    "[crio.runtime]\ndefault_runtime = \"crun\"\n\n[crio.runtime.runtimes.crun]\nruntime_path = "
    "\"/usr/libexec/crio/crun\"\nruntime_root = \"/run/crun\"\nmonitor_path = \"/usr/libexec/crio/conmon\"\n"
    "allowed_annotations = [\n  \"io.containers.trace-syscall\", # a comment\n]\n";
inline constexpr const char* kContainerdFile =
    "# a node's own\nversion = 3\nroot = \"/var/lib/containerd\"\n\n[plugins.'io.containerd.cri.v1.runtime'.containerd]"
    "\n  default_runtime_name = 'runc'\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n  "
    "runtime_type = 'io.containerd.runc.v2'\n  "
    "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n    SystemdCgroup = true";

struct SetupNode {
  Place place;
  std::string runtime;

  explicit SetupNode(std::string version) : runtime(std::move(version)) {
    std::filesystem::create_directories(place.system + "/usr/libexec");
    std::filesystem::create_directories(place.system + "/etc");
    tool("runc", "echo runc version 1.3.6");
    tool("crun", "echo crun version 1.28");
  }
  static SetupNode crio() {
    SetupNode node("cri-o://1.36.3");
    node.file("/etc/crio/crio.conf.d/10-crio.conf", kCrioFile);
    node.file("/etc/criu/crun.conf", "tcp-close");
    return node;
  }
  static SetupNode containerd() {
    SetupNode node("containerd://2.1.9+unknown");
    node.file("/etc/containerd/config.toml", kContainerdFile);
    return node;
  }

  void file(const std::string& path, const std::string& text) const {
    put(place.system + path, text);
    ::chmod((place.system + path).c_str(), 0644);
  }
  /// Where both kinds of node are looked at first.
  void tool(const std::string& name, const std::string& body) {
    const std::string path = "/usr/libexec/crio/" + name;
    file(path, "#!/bin/sh\n" + body + "\n");
    ::chmod((place.system + path).c_str(), 0755);
  }
  std::string at(const std::string& path) const { return content(place.system + path); }
  bool has(const std::string& path) const {
    return std::filesystem::symlink_status(place.system + path).type() != std::filesystem::file_type::not_found;
  }

  NodeSetupPlan look(SetupWay way = SetupWay::install) const {
    Session session(place.program());
    session.hello(std::chrono::minutes(5), runtime);
    return session.call(node::SetupLook{way}).plan;
  }
  void apply(SetupWay way, const NodeSetupPlan& plan) const {
    Session session(place.program());
    session.hello(std::chrono::minutes(5), runtime);
    node::SetupApply request{way, {}};
    for (const SetupFile& each : plan.files)
      if (each.changes()) request.files.push_back(each);
    session.call(request);
  }
  void install() const { apply(SetupWay::install, look()); }
  void remove() const { apply(SetupWay::remove, look(SetupWay::remove)); }
  NodeTools tools() const {
    Session session(place.program());
    session.hello(std::chrono::minutes(5), runtime);
    return session.call(node::Tools{});
  }

  /// Every file, link and directory of it, with mode and contents.
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place.system)) {
      struct ::stat is {};
      REQUIRE(::lstat(entry.path().c_str(), &is) == 0);
      std::string& what = found[entry.path().string().substr(place.system.size())];
      what = std::to_string(is.st_mode) + " ";
      if (S_ISREG(is.st_mode)) what += content(entry.path());
      if (S_ISLNK(is.st_mode)) what += std::filesystem::read_symlink(entry.path()).string();
    }
    return found;
  }
};

}  // namespace ms2m::test
