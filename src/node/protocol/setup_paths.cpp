#include "node/protocol/setup_paths.hpp"

#include <array>
#include <vector>

namespace ms2m::node {

const RuntimeRow* runtime_row(const std::string& version) {
  // CRI-O: crio.conf(5), crio.conf.d(5). containerd: containerd-config.toml(5), "imports"; 2.2's own default imports
  // that directory.
  static constexpr std::array<RuntimeRow, 2> kRows{{
      {"cri-o://", "crio", "/etc/crio/crio.conf", "/etc/crio/crio.conf.d", "", "/etc/crio/crio.conf.d/99-ms2m.conf"},
      {"containerd://", "containerd", "/etc/containerd/config.toml", "/etc/containerd/conf.d", ".toml",
       "/etc/containerd/conf.d/ms2m.toml"},
  }};
  for (const RuntimeRow& row : kRows)
    if (version.starts_with(row.version)) return &row;
  return nullptr;
}

bool is_setup_path(const RuntimeRow& row, const std::string& path) {
  const std::string criu = kCriuDirectory;
  const std::vector<std::string> files{kProgramPath,        kEarlierProgram,     kHandlerPath, kHandlerSettings,
                                       criu + "/crun.conf", criu + "/runc.conf", row.settings, row.drop_in};
  for (const std::string& file : files)
    if (path == file || file.starts_with(path + "/")) return path.starts_with('/');
  return false;
}

}  // namespace ms2m::node
