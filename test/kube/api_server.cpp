#include "api_server.hpp"

#include <openssl/ssl.h>

#include "support.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::test {
namespace {

void run(const std::vector<std::string>& argv) {
  const auto result = posix::run_process(argv, StopToken{}.within(std::chrono::seconds(30)), "waiting for openssl");
  if (!result.ok()) throw std::runtime_error("openssl failed: " + result.err);
}

std::string subject_of(SSL* ssl) {
  if (ssl == nullptr) return {};
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  char text[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
  X509_free(certificate);
  return text;
}

}  // namespace

Certificates::Certificates() {
  const auto make = [&](const std::string& name, const std::string& subject, const std::string& extension,
                        bool signed_by_ca) {
    std::vector<std::string> argv{"openssl",
                                  "req",
                                  "-x509",
                                  "-newkey",
                                  "ec",
                                  "-pkeyopt",
                                  "ec_paramgen_curve:P-256",
                                  "-nodes",
                                  "-days",
                                  "2",
                                  "-subj",
                                  subject,
                                  "-keyout",
                                  file(name + ".key"),
                                  "-out",
                                  file(name + ".crt")};
    if (!extension.empty()) argv.insert(argv.end(), {"-addext", extension});
    if (signed_by_ca) argv.insert(argv.end(), {"-CA", file("ca.crt"), "-CAkey", file("ca.key")});
    run(argv);
  };
  make("ca", "/CN=test-ca", "", false);
  make("server", "/CN=server", "subjectAltName=IP:127.0.0.1,DNS:kube.test", true);
  make("client", "/O=devs/CN=alice", "", true);
  make("stranger", "/CN=stranger", "subjectAltName=IP:127.0.0.1", false);
}

const Certificates& Certificates::get() {
  static const Certificates once;
  return once;
}

std::string Certificates::text(const std::string& name) const { return posix::read_file(file(name)); }

std::string SeenRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

ApiServer::ApiServer(Handler handler, const std::string& certificate) : handler_(std::move(handler)) {
  const Certificates& certificates = Certificates::get();
  server_ = std::make_unique<httplib::SSLServer>([&](SSL_CTX& context) {
    // A client certificate is asked for, not insisted on, as the API server does.
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
    const std::string id = "test";
    SSL_CTX_set_session_id_context(&context, reinterpret_cast<const unsigned char*>(id.data()),
                                   static_cast<unsigned>(id.size()));
    return SSL_CTX_use_certificate_file(&context, certificates.file(certificate + ".crt").c_str(), SSL_FILETYPE_PEM) ==
               1 &&
           SSL_CTX_use_PrivateKey_file(&context, certificates.file(certificate + ".key").c_str(), SSL_FILETYPE_PEM) ==
               1 &&
           SSL_CTX_load_verify_locations(&context, certificates.file("ca.crt").c_str(), nullptr) == 1;
  });
  const auto handle = [this](const httplib::Request& request, httplib::Response& answer) {
    const int number = note(request);
    handler_(request, answer, number);
  };
  server_->Get(".*", handle).Post(".*", handle).Put(".*", handle).Patch(".*", handle).Delete(".*", handle);
  server_->set_tcp_nodelay(true);
  server_->set_keep_alive_timeout(5);
  server_->set_payload_max_length(64u << 20);
  server_->new_task_queue = [] { return new httplib::ThreadPool(32); };
  port_ = server_->bind_to_any_port("127.0.0.1");  // listens from here on: clients may connect at once
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();
}

ApiServer::~ApiServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  server_->stop();
  thread_.join();
}

int ApiServer::note(const httplib::Request& request) {
  SeenRequest seen{request.method,      request.target, request.body, subject_of(const_cast<SSL*>(request.ssl)),
                   request.remote_port, request.headers};
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(seen));
  changed_.notify_all();
  return static_cast<int>(seen_.size()) - 1;
}

KubeAccess ApiServer::access() const {
  const Certificates& certificates = Certificates::get();
  KubeAccess access;
  access.server = url();
  access.user = "alice";
  access.tls.ca.file = certificates.file("ca.crt");
  access.tls.certificate.data = certificates.text("client.crt");
  access.tls.key.data = certificates.text("client.key");
  return access;
}

std::vector<SeenRequest> ApiServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void ApiServer::hang() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_; });
}

void ApiServer::wait_for_requests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return seen_.size() >= count || ending_; });
}

void answer_json(httplib::Response& answer, int status, const Json& body) {
  answer.status = status;
  answer.set_content(body.dump() + "\n", "application/json");
}

void answer_status(httplib::Response& answer, int status, const std::string& reason, const std::string& message,
                   const std::string& name) {
  Json details = Json::object();
  if (!name.empty()) details["name"] = name;
  answer_json(answer, status,
              {{"kind", "Status"},
               {"apiVersion", "v1"},
               {"metadata", Json::object()},
               {"status", "Failure"},
               {"message", message},
               {"reason", reason},
               {"details", details},
               {"code", status}});
}

void answer_events(httplib::Response& answer, const ApiServer& server, const std::vector<Json>& events, End end) {
  answer.status = 200;
  answer.set_chunked_content_provider("application/json", [&server, events, end](std::size_t, httplib::DataSink& sink) {
    for (const Json& line : events) {
      const std::string text = line.dump() + "\n";
      // In two pieces: a line may be cut anywhere.
      if (!sink.write(text.data(), text.size() / 2) ||
          !sink.write(text.data() + text.size() / 2, text.size() - text.size() / 2))
        return false;
    }
    if (end == End::cut) return false;
    if (end == End::open) {
      server.hang();
      return false;
    }
    sink.done();
    return true;
  });
}

Json pod(const std::string& name, const std::string& version, const std::string& uid, const std::string& phase) {
  return {{"metadata", {{"name", name}, {"namespace", "default"}, {"uid", uid}, {"resourceVersion", version}}},
          {"status", {{"phase", phase}}}};
}

Json pod_list(const std::string& version, const std::vector<Json>& items) {
  return {{"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", {{"resourceVersion", version}}}, {"items", items}};
}

Json event(const std::string& type, const Json& object) { return {{"type", type}, {"object", object}}; }

}  // namespace ms2m::test
