// A docker-registry of the test's own: on the loopback, with TLS and a password.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "carry/registry.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

struct RegistrySettings {
  bool tls = true, deletes = true;
};

/// Fails the test when there is none on this machine.
class PrivateRegistry {
 public:
  static constexpr const char* kUser = "ms2m";
  static constexpr const char* kPassword = "correct";

  explicit PrivateRegistry(const RegistrySettings& settings = {});
  /// Ends it, and begins it anew with what it has, on the same port.
  void stop();
  void start();
  std::uint16_t port() const { return port_; }
  /// "[http://]127.0.0.1:PORT/team/ms2m"
  std::string name() const;
  std::string certificates() const;
  std::string certificate_file() const { return (dir_.path() / "registry.crt").string(); }
  /// Of a login with that password, in a directory of its own: what $REGISTRY_AUTH_FILE names.
  std::string auth_file(const std::string& password = kPassword) const;
  /// As ms2m is wired, with that login.
  std::unique_ptr<RegistryClient> client(SshNodes& nodes, const std::string& password = kPassword) const;

  /// Where its files are. Blobs are <...>/blobs/sha256/XX/DIGEST/data.
  std::filesystem::path storage() const { return dir_.path() / "storage"; }
  std::filesystem::path blob(const std::string& digest) const;
  /// The tags of the repository, and the uploads that are under way there.
  std::vector<std::string> tags() const;
  std::vector<std::string> uploads() const;

 private:
  std::filesystem::path repository() const { return storage() / "docker/registry/v2/repositories/team/ms2m"; }
  posix::TempDir dir_;
  RegistrySettings settings_;
  std::uint16_t port_ = 0;
  std::optional<posix::Child> process_;
};

}  // namespace ms2m::test
