#include "kube/agents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/base64.hpp"
#include "base/url_encode.hpp"
#include "kube/status.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "node/protocol/agent_paths.hpp"

namespace ms2m {
namespace {

using remedy::Command;

constexpr Millis kPatience{20000}, kLook{300};

std::string text_at(const Json& object, const char* path) {
  const Json found = object.value(Json::json_pointer(path), Json());
  return found.is_string() ? found.get<std::string>() : "";
}

bool is_ready(const Json& pod) {
  const Json conditions = pod.value(Json::json_pointer("/status/conditions"), Json());
  return conditions.is_array() && std::any_of(conditions.begin(), conditions.end(), [](const Json& each) {
           return each.is_object() && each.value("type", "") == "Ready" && each.value("status", "") == "True";
         });
}

bool is_going(const Json& pod) { return !text_at(pod, "/metadata/deletionTimestamp").empty(); }

/// Why its container waits ("ErrImagePull"), or its phase.
std::string state_of(const Json& pod) {
  if (is_going(pod)) return "it is being deleted";
  for (const char* list : {"/status/initContainerStatuses", "/status/containerStatuses"}) {
    const Json statuses = pod.value(Json::json_pointer(list), Json());
    if (!statuses.is_array()) continue;
    for (const Json& each : statuses)
      if (const std::string reason = text_at(each, "/state/waiting/reason"); !reason.empty()) return reason;
  }
  const std::string phase = text_at(pod, "/status/phase");
  return phase.empty() ? "Pending" : phase;
}

int port_of(const Json& pod) {
  const Json containers = pod.value(Json::json_pointer("/spec/containers"), Json());
  if (containers.is_array())
    for (const Json& container : containers) {
      const Json ports = container.value("ports", Json());
      if (!ports.is_array()) continue;
      for (const Json& port : ports)
        if (port.value("name", "") == "https") return port.value("containerPort", kAgentPort);
    }
  return kAgentPort;
}

std::string decoded(const Json& secret, const char* key) {
  const Json data = secret.value("data", Json());
  const Json value = data.is_object() ? data.value(key, Json()) : Json();
  const auto bytes = value.is_string() ? base64_decode(value.get<std::string>()) : std::nullopt;
  std::string text = bytes.value_or("");
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Agents::Agents(std::shared_ptr<Cluster> cluster, std::shared_ptr<ApiClient> api, AgentPlace place)
    : cluster_(std::move(cluster)), api_(std::move(api)), place_(std::move(place)) {}

std::string Agents::by_hand() const { return remedy::command(Command::list_agents, place_.place, {place_.ns}); }

/// One that is being started, as after its death in the middle of a move, is waited for: what is to be undone on its
/// node cannot be undone otherwise.
Json Agents::ready_pod(const std::string& node, const StopToken& stop) {
  for (const TimePoint begun = Clock::now();;) {
    const auto pods = cluster_->list(Kind::pod, place_.ns, std::string("app.kubernetes.io/name=") + kAgentName,
                                     "spec.nodeName=" + node, stop);
    if (pods.empty())
      throw Error(ErrorKind::refused, fmt::format("there is no agent on node {}, in namespace {}", node, place_.ns),
                  "apply what this prints: " + remedy::command(Command::agent_manifest, {}, {"IMAGE"}) +
                      "; or name its namespace with --agent-namespace; or go by --transfer ssh");
    for (const Json& pod : pods)
      if (is_ready(pod) && !is_going(pod)) return pod;
    const std::string name = text_at(pods.front(), "/metadata/name");
    if (Clock::now() - begun >= kPatience)
      throw Error(ErrorKind::refused,
                  fmt::format("the agent on node {}, pod {}/{}, is not ready: {}", node, place_.ns, name,
                              state_of(pods.front())),
                  remedy::command(Command::describe_agent, place_.place, {place_.ns, name}));
    stop.sleep(kLook, fmt::format("waiting for the agent on node {}, pod {}/{}", node, place_.ns, name));
  }
}

std::string Agents::bind_role() const {
  return fmt::format("bind Role {}-user of namespace {} to this user", kAgentName, place_.ns);
}

Agent Agents::find(const std::string& node, const StopToken& stop) {
  try {
    return look(node, stop);
  } catch (Error& error) {
    if (error.kind() == ErrorKind::forbidden) error.with_remedy(bind_role());
    throw;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::protocol, "an agent's pod or Secret has another shape than it must have").in(error.what());
  }
}

Agent Agents::look(const std::string& node, const StopToken& stop) {
  const Json pod = ready_pod(node, stop);
  Agent agent;
  agent.node = node;
  agent.pod = text_at(pod, "/metadata/name");
  const std::string ca = read_secret(agent, stop);
  if (!place_.straight) {
    agent.path = fmt::format("/api/v1/namespaces/{}/pods/https:{}:{}/proxy", url_encode(place_.ns),
                             url_encode(agent.pod), port_of(pod));
    return agent;
  }
  const std::string ip = text_at(pod, "/status/podIP");
  agent.path = fmt::format("https://{}:{}", ip.find(':') == std::string::npos ? ip : "[" + ip + "]", port_of(pod));
  HttpOptions options;
  options.tls.ca.data = ca;
  options.tls.server_name = kAgentName;
  options.max_body = 2 * node::kAgentBody;
  agent.client = std::make_shared<HttpClient>(options);
  return agent;
}

/// Returns the certificate that its own is signed with.
std::string Agents::read_secret(Agent& agent, const StopToken& stop) {
  const auto secret = cluster_->get({Kind::secret, place_.ns, kAgentName}, stop);
  const std::string install = "apply what this prints: " + remedy::command(Command::agent_manifest, {}, {"IMAGE"});
  if (!secret)
    throw Error(ErrorKind::refused,
                fmt::format("there is no Secret {}/{} with the agents' token", place_.ns, kAgentName), install);
  agent.token = decoded(*secret, "token");
  std::string ca = decoded(*secret, "ca.crt");
  if (agent.token.empty() || ca.empty() || agent.token.find_first_of("\r\n") != std::string::npos)
    throw Error(ErrorKind::refused, fmt::format("Secret {}/{} has no token or no ca.crt", place_.ns, kAgentName),
                install);
  return ca;
}

HttpResponse Agents::send(const Agent& agent, const ApiCall& call, const StopToken& stop) {
  try {
    if (!agent.client) return api_->call(call, stop).http;
    HttpRequest request{call.method, call.path, call.headers, call.body, false, false};
    if (!call.body.empty()) request.headers.emplace_back("Content-Type", call.content_type);
    return agent.client->request(request, stop.within(kAttemptLimit));
  } catch (TransportError& error) {
    if (!agent.client) throw;
    if (error.kind() == ErrorKind::forbidden)
      error.with_remedy("what answers there is not the agent that the Secret is of: " + by_hand());
    else
      error.with_remedy("is the pods' network reachable from here? otherwise use --agent-address proxy");
    throw;
  }
}

Error Agents::not_an_agent(const Agent& agent, const HttpResponse& answer) const {
  const std::string what = fmt::format("reaching the agent on node {}, pod {}/{}", agent.node, place_.ns, agent.pod);
  Error error = status_error(answer);
  if (answer.status == 403) error.with_remedy(bind_role());
  if (answer.status == 404 || answer.status == 408) {
    Error gone(ErrorKind::unavailable, error.message(), by_hand());
    return gone.in(what);
  }
  return error.in(what);
}

AgentReply Agents::ask(const Agent& agent, const std::string& method, const std::string& path, const std::string& owner,
                       const std::string& body, const StopToken& stop) {
  ApiCall call;
  call.method = method;
  call.path = agent.path + path;
  call.body = body;
  call.content_type = "application/octet-stream";
  call.headers = {{node::kTokenHeader, agent.token}, {node::kOwnerHeader, owner}};
  HttpResponse answer = send(agent, call, stop);
  std::string header = node::kAgentHeader;
  std::transform(header.begin(), header.end(), header.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string version = answer.header(header);
  if (version.empty()) throw not_an_agent(agent, answer);
  if (version != std::to_string(node::kAgentVersion))
    throw Error(ErrorKind::refused,
                fmt::format("the agent on node {} speaks version {} of its protocol, and this ms2m version {}",
                            agent.node, version, node::kAgentVersion),
                "apply what this prints, with an image of this ms2m: " +
                    remedy::command(Command::agent_manifest, {}, {"IMAGE"}));
  if (answer.status == 401)
    throw Error(
        ErrorKind::forbidden,
        fmt::format("the agent on node {} does not accept the token of Secret {}/{}", agent.node, place_.ns,
                    kAgentName),
        "it was started with another one: " + remedy::command(Command::restart_agents, place_.place, {place_.ns}));
  if (answer.status == 429 || answer.status == 503)
    throw Error(ErrorKind::unavailable,
                fmt::format("the agent on node {} has too much to do: {}", agent.node, answer.body.substr(0, 200)));
  return {answer.status, std::move(answer.body)};
}

}  // namespace ms2m
