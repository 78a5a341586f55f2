// A TLS server in this process that answers as a test says. Not a Kubernetes: every test brings the answers that it is
// about.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kube/kubeconfig.hpp"
#include "ms2m/json.hpp"
#include "wrap/posix/files.hpp"

#include <httplib.h>

namespace ms2m::test {

/// Made by openssl once per process, in a temporary directory: a CA, a server certificate (IP 127.0.0.1, DNS
/// kube.test), a client certificate (CN alice, O devs), and a stranger's self-signed certificate for 127.0.0.1.
struct Certificates {
  posix::TempDir dir;
  std::string file(const std::string& name) const { return (dir.path() / name).string(); }
  std::string text(const std::string& name) const;
  static const Certificates& get();

 private:
  Certificates();
};

struct SeenRequest {
  std::string method, target, body, peer;  ///< peer: the client certificate's subject
  int port = 0;                            ///< of the client: tells connections apart
  httplib::Headers headers;
  std::string header(const std::string& name) const;
};

class ApiServer {
 public:
  /// `number`: of this request, from 0.
  using Handler = std::function<void(const httplib::Request& request, httplib::Response& answer, int number)>;
  explicit ApiServer(Handler handler, const std::string& certificate = "server");
  ~ApiServer();

  int port() const { return port_; }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  /// With the CA, and alice's certificate.
  KubeAccess access() const;
  std::vector<SeenRequest> seen() const;
  std::size_t count() const { return seen().size(); }
  /// Blocks a handler or a body until the server ends.
  void hang() const;
  /// Blocks until that many requests have arrived.
  void wait_for_requests(std::size_t count) const;

 private:
  /// Its number.
  int note(const httplib::Request& request);

  Handler handler_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<SeenRequest> seen_;
  bool ending_ = false;
  std::unique_ptr<httplib::SSLServer> server_;
  int port_ = 0;
  std::thread thread_;
};

void answer_json(httplib::Response& answer, int status, const Json& body);
/// A Status object as the API server writes it.
void answer_status(httplib::Response& answer, int status, const std::string& reason, const std::string& message,
                   const std::string& name = {});

/// Streams the lines of a watch; then ends the body properly, cuts the connection, or stays open until the server ends.
enum class End { proper, cut, open };
void answer_events(httplib::Response& answer, const ApiServer& server, const std::vector<Json>& events, End end);

Json pod(const std::string& name, const std::string& version, const std::string& uid = "u1",
         const std::string& phase = "Running");
Json pod_list(const std::string& version, const std::vector<Json>& items);
Json event(const std::string& type, const Json& object);

}  // namespace ms2m::test
