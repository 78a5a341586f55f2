// The agents of the nodes: which pod is a node's, with which token it is spoken to, and by which way.
#pragma once
#include <memory>
#include <string>

#include "kube/api_client.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

// As `ms2m agent manifest` names them.

/// The DaemonSet, the Secret, the value of the label, and the name in the certificate.
inline constexpr const char* kAgentName = "ms2m-agent";
inline constexpr const char* kAgentNamespace = "ms2m-system";
inline constexpr int kAgentPort = 8443;

struct AgentPlace {
  std::string ns = kAgentNamespace;
  /// To the pod's own address, with the CA of the Secret. Otherwise through the API server's proxy, which needs no way
  /// into the cluster's network.
  bool straight = false;
  Place place{};  ///< of commands in remedies
};

/// One that is ready, and what it takes to speak to it.
struct Agent {
  std::string node, pod;
  std::string path;  ///< what stands before the paths of agent_paths.hpp
  std::string token;
  std::shared_ptr<HttpClient> client;  ///< nullptr: through the API server
};

struct AgentReply {
  int status = 0;
  std::string body{};
};

/// Thread-safe.
class Agents {
 public:
  /// `cluster` and `api` are the same user's on the same cluster.
  Agents(std::shared_ptr<Cluster> cluster, std::shared_ptr<ApiClient> api, AgentPlace place);

  /// Asks for its pod, which may take a while to be ready, and for the Secret. Error{refused}: there is none on that
  /// node, it does not get ready, there is no Secret; {forbidden}: a right is missing; what Cluster throws.
  Agent find(const std::string& node, const StopToken& stop);
  /// One request, which may be sent twice. What the agent says is a value, but for a wrong token ({forbidden}) and
  /// another version ({refused}). {unavailable}: it was not reached this time, or says that it has too much to do.
  AgentReply ask(const Agent& agent, const std::string& method, const std::string& path, const std::string& owner,
                 const std::string& body, const StopToken& stop);
  /// The command that shows them.
  std::string by_hand() const;

 private:
  std::string bind_role() const;
  Agent look(const std::string& node, const StopToken& stop);
  Json ready_pod(const std::string& node, const StopToken& stop);
  std::string read_secret(Agent& agent, const StopToken& stop);
  HttpResponse send(const Agent& agent, const ApiCall& call, const StopToken& stop);
  Error not_an_agent(const Agent& agent, const HttpResponse& answer) const;
  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<ApiClient> api_;
  const AgentPlace place_;
};

}  // namespace ms2m
