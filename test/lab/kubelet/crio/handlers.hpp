#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace kubelet {

// An OCI runtime, as CRI-O calls it.
struct OciRuntime {
  std::string path = "/usr/bin/crun";
  std::string root = "/run/crun";  // of its state
  std::vector<std::string> call(const std::vector<std::string>& arguments) const;
};

// The node's CRI-O as far as its runtime handlers go: those that crio.conf and the files of crio.conf.d named when it
// was last started. A process called crio is there meanwhile, whose age tells when that was.
class Handlers {
 public:
  explicit Handlers(std::filesystem::path directory = "/etc/crio");
  ~Handlers();
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

  void restart();
  // "": the default one. Throws std::runtime_error in CRI-O's words.
  OciRuntime find(const std::string& handler) const;

 private:
  void read(const std::filesystem::path& file);
  void stop() noexcept;

  const std::filesystem::path directory_;
  mutable std::mutex mutex_;
  std::map<std::string, OciRuntime> all_;
  int process_ = -1;
};

}  // namespace kubelet
