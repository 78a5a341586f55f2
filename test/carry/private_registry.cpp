#include "carry/private_registry.hpp"

#include <fstream>

#include "base/base64.hpp"
#include "ms2m/error.hpp"
#include "node/private_sshd.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"
#include "wrap/posix/subprocess.hpp"
#include "wrap/tls/tcp.hpp"

namespace ms2m::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHash = "$2b$04$xBeL3g3DW6mtVCun7cvUbeP0tjO6xMVIryXicpGzXjDMqRDAuW6Xa";  // of kPassword

void make_certificate(const fs::path& dir) {
  const auto made =
      posix::run_process({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                          "-days", "2", "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                          (dir / "registry.key").string(), "-out", (dir / "registry.crt").string()},
                         {}, "openssl");
  INFO(made.err);
  REQUIRE(made.ok());
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) all.push_back(entry.path().filename().string());
  return all;
}

}  // namespace

PrivateRegistry::PrivateRegistry(const RegistrySettings& settings) : settings_(settings) {
  fs::create_directory(storage());
  if (settings_.tls) make_certificate(dir_.path());
  std::ofstream(dir_.path() / "htpasswd") << kUser << ":" << kHash << "\n";
  port_ = port_to_listen_at();
  std::ofstream config(dir_.path() / "config.yml");
  config << "version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: " << storage().string()
         << "}\n  delete: {enabled: " << (settings_.deletes ? "true" : "false")
         << "}\nauth:\n  htpasswd: {realm: test, path: " << (dir_.path() / "htpasswd").string()
         << "}\nhttp:\n  addr: 127.0.0.1:" << port_ << "\n  secret: test\n";
  if (settings_.tls)
    config << "  tls: {certificate: " << (dir_.path() / "registry.crt").string()
           << ", key: " << (dir_.path() / "registry.key").string() << "}\n";
  config.close();
  start();
}

void PrivateRegistry::stop() { process_.reset(); }

void PrivateRegistry::start() {
  const std::string dir = dir_.path().string();
  posix::ProcessSpec spec;
  spec.argv = {"sh", "-c", "exec docker-registry serve '" + dir + "/config.yml' >>'" + dir + "/log' 2>&1"};
  spec.in = posix::ProcessSpec::Stream::null;
  process_.emplace(spec);
  const bool listens = eventually([&] {
    REQUIRE_FALSE(process_->try_wait());
    try {
      tls::connect_to("127.0.0.1", port_, Millis{1000}, {});
      return true;
    } catch (const Error&) {
      return false;
    }
  });
  INFO(posix::read_file(dir + "/log"));
  REQUIRE(listens);
}

std::string PrivateRegistry::name() const {
  return std::string(settings_.tls ? "" : "http://") + "127.0.0.1:" + std::to_string(port_) + "/team/ms2m";
}

std::string PrivateRegistry::certificates() const { return settings_.tls ? posix::read_file(certificate_file()) : ""; }

std::string PrivateRegistry::auth_file(const std::string& password) const {
  const fs::path file = dir_.path() / ("auth-" + password + ".json");
  std::ofstream(file) << R"({"auths":{"127.0.0.1:)" << port_ << R"(":{"auth":")"
                      << base64_encode(std::string(kUser) + ":" + password) << R"("}}})";
  return file.string();
}

std::unique_ptr<RegistryClient> PrivateRegistry::client(SshNodes& nodes, const std::string& password) const {
  RegistryPlace place = parse_registry(name());
  place.at.certificates = certificates();
  const std::string file = auth_file(password);
  return std::make_unique<RegistryClient>(
      nodes, std::move(place), RegistryLogins([file](const std::string& variable) -> std::optional<std::string> {
        return variable == "REGISTRY_AUTH_FILE" ? std::optional(file) : std::nullopt;
      }));
}

fs::path PrivateRegistry::blob(const std::string& digest) const {
  return storage() / "docker/registry/v2/blobs/sha256" / digest.substr(0, 2) / digest / "data";
}

std::vector<std::string> PrivateRegistry::tags() const { return names_in(repository() / "_manifests/tags"); }
std::vector<std::string> PrivateRegistry::uploads() const { return names_in(repository() / "_uploads"); }

}  // namespace ms2m::test
