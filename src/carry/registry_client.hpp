// What is said to an OCI registry (the distribution specification, 1.1), through the nodes.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "carry/registry_logins.hpp"
#include "carry/registry_place.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

struct RegistryChallenge;

/// A node, in a session of it.
struct RegistryAsker {
  node::Session& session;
  std::string node;
};

/// Logs in as the registry asks for it: by name and password, or with a token that it has others make (docker's token
/// authentication). Thread-safe. Errors as Registry (registry.hpp), and Error{failed}, with what the registry said.
class RegistryClient {
 public:
  /// `nodes` must outlive it.
  RegistryClient(SshNodes& nodes, RegistryPlace place, RegistryLogins logins)
      : nodes_(nodes), place_(std::move(place)), logins_(std::move(logins)) {}
  const RegistryPlace& place() const noexcept { return place_; }

  /// An upload that was begun: where it goes on.
  using Upload = std::string;
  Upload begin(const RegistryAsker& by, const StopToken& stop);
  /// What goes through `passage` of the session is the upload's; sent() is asked when all has gone, or it broke.
  void open(const RegistryAsker& by, const Upload& upload, const std::string& passage, const StopToken& stop);
  Upload sent(const RegistryAsker& by, const std::string& passage, const StopToken& stop);
  /// Digests are SHA-256, hex.
  void commit(const RegistryAsker& by, const Upload& upload, const std::string& digest, const std::string& body,
              const StopToken& stop);
  void cancel(const RegistryAsker& by, const Upload& upload, const StopToken& stop);

  void put_manifest(const RegistryAsker& by, const std::string& tag, const std::string& manifest,
                    const StopToken& stop);
  /// `reference`: a tag, or "sha256:..."; nullopt: there is none.
  std::optional<std::string> manifest(const RegistryAsker& by, const std::string& reference, const StopToken& stop);
  /// The blob comes through `passage` of the session.
  void fetch(const RegistryAsker& by, const std::string& digest, const std::string& passage, const StopToken& stop);

  enum class Deleted { yes, not_there, never };  ///< never: this registry does not, or not for this login
  enum class What { manifest, blob };
  Deleted remove(const RegistryAsker& by, What what, const std::string& digest, const StopToken& stop);

 private:
  struct Call {
    std::string method, target;  ///< the latter may be a whole URL
    std::string right;           ///< "pull", "push", "delete": what the login is for
    std::map<std::string, std::string> headers{};
    std::string body{}, passage{};
    bool sends = false;
  };
  node::RegistryAnswer ask(const RegistryAsker& by, const Call& call, const StopToken& stop);
  node::RegistryAnswer exchange(const RegistryAsker& by, const Call& call, const StopToken& stop);
  node::RegistryAnswer ask_node(const RegistryAsker& by, node::RegistryExchange request, const StopToken& stop);
  void log_in(const RegistryAsker& by, const node::RegistryAnswer& refused, const std::string& right,
              const StopToken& stop);
  std::string token(const RegistryAsker& by, const RegistryChallenge& challenge,
                    const std::optional<RegistryLogin>& login, const StopToken& stop);
  std::string path(const std::string& rest) const { return "/v2/" + place_.repository + "/" + rest; }
  Error error(const node::RegistryAnswer& answer, const std::string& doing) const;
  Upload upload_of(const node::RegistryAnswer& answer) const;

  SshNodes& nodes_;
  const RegistryPlace place_;
  const RegistryLogins logins_;
  std::mutex mutex_;
  std::map<std::string, std::string> authorization_;  ///< by right; "": of all
};

}  // namespace ms2m
