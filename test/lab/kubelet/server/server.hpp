#pragma once
#include <memory>
#include <string>

#include "server/authorizer.hpp"
#include "server/checkpoints.hpp"
#include "server/faults.hpp"

namespace httplib {
class SSLServer;
struct Request;
struct Response;
}  // namespace httplib

namespace kubelet {

struct ServerConfig {
  std::string node_name;
  std::string cert_file, key_file, ca_file;
  bool checkpoint_gate = true;
  std::string runtime_timeout_text = "2m0s";
};

// The kubelet's own API on :10250.
class KubeletServer {
 public:
  KubeletServer(ServerConfig config, PodManager& pods, Checkpoints& checkpoints, Authorizer& authorizer,
                const Faults& faults);
  ~KubeletServer();
  bool listen();  // blocks until stop(); false when the port is taken
  void stop();

 private:
  void handle(const httplib::Request& request, httplib::Response& response);
  bool admit(const httplib::Request& request, httplib::Response& response);
  void route(const httplib::Request& request, httplib::Response& response);
  void logs(const httplib::Request& request, httplib::Response& response);

  ServerConfig config_;
  PodManager& pods_;
  Checkpoints& checkpoints_;
  Authorizer& authorizer_;
  const Faults& faults_;
  std::unique_ptr<httplib::SSLServer> server_;
};

}  // namespace kubelet
