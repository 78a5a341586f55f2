#include "server/server.hpp"

#include <httplib.h>

#include "base/files.hpp"
#include "runtime/log_file.hpp"
#include "server/pages.hpp"

namespace kubelet {
namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";

bool configure_tls(SSL_CTX& context, const ServerConfig& config) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(config.ca_file.c_str());
  if (names != nullptr) SSL_CTX_set_client_CA_list(&context, names);
  // Without it a client that resumes its session would be turned away.
  constexpr unsigned char kContext[] = "kubelet";
  SSL_CTX_set_session_id_context(&context, kContext, sizeof kContext);
  // A certificate is asked for but not needed, and a wrong one is a matter for authentication, not for the handshake.
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  return SSL_CTX_use_certificate_chain_file(&context, config.cert_file.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(&context, config.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_load_verify_locations(&context, config.ca_file.c_str(), nullptr) == 1;
}

std::string verb_of(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "get";
}

std::vector<std::string> subresources_of(const std::string& path) {
  const auto is = [&](const std::string& top) { return path == top || path.starts_with(top + "/"); };
  if (is("/stats")) return {"stats"};
  if (is("/metrics")) return {"metrics"};
  if (is("/logs")) return {"log"};
  if (is("/checkpoint")) return {"checkpoint"};
  if (is("/healthz")) return {"healthz", "proxy"};
  if (is("/configz")) return {"configz", "proxy"};
  if (is("/pods") || is("/runningpods")) return {"pods", "proxy"};
  return {"proxy"};
}

void mux_not_found(httplib::Response& response) {
  response.status = 404;
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_content("404 page not found\n", kPlain);
}

void plain(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body, kPlain);
}

}  // namespace

KubeletServer::KubeletServer(ServerConfig config, PodManager& pods, Checkpoints& checkpoints, Authorizer& authorizer,
                             const Faults& faults)
    : config_(std::move(config)), pods_(pods), checkpoints_(checkpoints), authorizer_(authorizer), faults_(faults) {
  server_ = std::make_unique<httplib::SSLServer>([this](SSL_CTX& context) { return configure_tls(context, config_); });
  server_->new_task_queue = [] { return new httplib::ThreadPool(32); };
  server_->set_tcp_nodelay(true);
  server_->set_keep_alive_max_count(1000);
  server_->set_keep_alive_timeout(5);
  const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
    handle(request, response);
  };
  server_->Get(".*", handler).Post(".*", handler).Put(".*", handler).Patch(".*", handler).Delete(".*", handler);
}

KubeletServer::~KubeletServer() = default;

bool KubeletServer::listen() { return server_->is_valid() && server_->listen("0.0.0.0", 10250); }
void KubeletServer::stop() { server_->stop(); }

bool KubeletServer::admit(const httplib::Request& request, httplib::Response& response) {
  const auto who = authorizer_.identify(request.ssl, request.get_header_value("Authorization"));
  if (!who) {
    plain(response, 401, "Unauthorized");
    return false;
  }
  const std::string verb = verb_of(request.method);
  const auto subresources = subresources_of(request.path);
  std::string names;
  for (const auto& subresource : subresources) {
    if (authorizer_.allowed(*who, verb, subresource)) return true;
    names += (names.empty() ? "" : " ") + subresource;
  }
  plain(response, 403,
        "Forbidden (user=" + who->user + ", verb=" + verb + ", resource=nodes, subresource(s)=[" + names + "])\n");
  return false;
}

void KubeletServer::handle(const httplib::Request& request, httplib::Response& response) {
  response.set_header("Date", http_date());
  if (admit(request, response)) route(request, response);
}

void KubeletServer::route(const httplib::Request& request, httplib::Response& response) {
  const auto parts = split(request.path, '/');
  const std::string top = parts.empty() ? "" : parts[0];
  if (top == "checkpoint" && config_.checkpoint_gate) {
    if (parts.size() != 4) return plain(response, 404, "404: Page Not Found");
    if (request.method != "POST") {
      response.set_header("Allow", "POST");
      return plain(response, 405, "405: Method Not Allowed");
    }
    const auto values = request.get_param_value_count("timeout");
    const std::string timeout = values > 0 ? request.get_param_value("timeout", values - 1) : "";
    const TextAnswer answer = checkpoints_.take(parts[1], parts[2], parts[3], values > 0 ? &timeout : nullptr);
    response.status = answer.status;
    response.set_content(answer.body, answer.type.c_str());
    return;
  }
  if (request.method != "GET") return mux_not_found(response);
  if (top == "healthz") {
    response.set_header("X-Content-Type-Options", "nosniff");
    return plain(response, 200, "ok");
  }
  if (top == "pods" && parts.size() == 1) return response.set_content(pods_.pod_list().dump(), "application/json");
  if (top == "configz") return response.set_content(configz_page(config_, faults_.number("create_patience_ms")), "application/json");
  if (top == "metrics" && parts.size() == 1) {
    return response.set_content(metrics_page(config_), "text/plain; version=0.0.4; charset=utf-8");
  }
  if (top == "containerLogs" && parts.size() == 4) return logs(request, response);
  mux_not_found(response);
}

void KubeletServer::logs(const httplib::Request& request, httplib::Response& response) {
  const auto parts = split(request.path, '/');
  const auto worker = pods_.find(parts[1], parts[2]);
  if (!worker) return plain(response, 404, "pod \"" + parts[2] + "\" does not exist\n");
  if (!worker->has_container(parts[3])) {
    return plain(response, 404, "container \"" + parts[3] + "\" not found in pod \"" + parts[2] + "\"\n");
  }
  const auto path = worker->log_of(parts[3]);
  if (!path)
    return plain(response, 400,
                 "container \"" + parts[3] + "\" in pod \"" + parts[2] + "\" is waiting to start: ContainerCreating\n");
  std::string text = log_messages(read_file(*path).value_or(""), request.get_param_value("timestamps") == "true");
  const std::string tail = request.get_param_value("tailLines");
  if (!tail.empty()) text = last_lines(text, std::atol(tail.c_str()));
  response.set_content(text, "text/plain");
}

}  // namespace kubelet
