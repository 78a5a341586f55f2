#include "fake_kubelet.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include <random>

namespace ms2m::lab_test {

namespace {
std::string common_name(const SSL* ssl) {
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return "";
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

bool set_up_tls(SSL_CTX& context, const std::string& directory) {
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  return SSL_CTX_use_certificate_chain_file(&context, (directory + "/worker-1.crt").c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(&context, (directory + "/worker-1.key").c_str(), SSL_FILETYPE_PEM) == 1;
}
}  // namespace

FakeKubelet::FakeKubelet(const std::string& directory) {
  std::random_device random;
  for (int attempt = 0; attempt < 20 && address_.empty(); ++attempt) {
    server_ = std::make_unique<httplib::SSLServer>([&](SSL_CTX& context) { return set_up_tls(context, directory); });
    // With a body it comes here again, read.
    const auto read = [this](const httplib::Request& request, httplib::Response& response) {
      serve(request, response);
    };
    server_->Post(".*", read);
    server_->set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (request.method == "POST" && request.has_header("Content-Length") &&
          request.get_header_value("Content-Length") != "0")
        return httplib::Server::HandlerResponse::Unhandled;
      serve(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    const std::string candidate = "127." + std::to_string(1 + random() % 250) + "." + std::to_string(random() % 250) +
                                  "." + std::to_string(2 + random() % 250);
    if (server_->bind_to_port(candidate, 10250)) address_ = candidate;
  }
  if (address_.empty()) throw std::runtime_error("no address for the kubelet");
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

FakeKubelet::~FakeKubelet() {
  server_->stop();
  thread_.join();
}

void FakeKubelet::answer_with(const Transcript& transcript) {
  const std::lock_guard lock(mutex_);
  answer_ = transcript;
}

void FakeKubelet::hold(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  hold_ = time;
}

std::string FakeKubelet::last_client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

std::string FakeKubelet::last_target() const {
  const std::lock_guard lock(mutex_);
  return target_;
}

std::string FakeKubelet::last_header(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = headers_.find(name);
  return found == headers_.end() ? "" : found->second;
}

std::string FakeKubelet::last_body() const {
  const std::lock_guard lock(mutex_);
  return body_;
}

void FakeKubelet::serve(const httplib::Request& request, httplib::Response& response) {
  Transcript answer;
  std::chrono::milliseconds hold{0};
  {
    const std::lock_guard lock(mutex_);
    client_ = common_name(request.ssl);
    target_ = request.method + " " + request.target;
    headers_ = request.headers;
    body_ = request.body;
    answer = answer_;
    hold = hold_;
  }
  pollfd peer{SSL_get_fd(request.ssl), POLLRDHUP, 0};
  if (hold.count() > 0 && ::poll(&peer, 1, static_cast<int>(hold.count())) > 0) client_left_ = true;
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers)
    if (name == "X-Content-Type-Options") response.set_header(name, value);
  auto type = answer.headers.find("Content-Type");
  if (type == answer.headers.end())
    response.body = answer.raw;
  else
    response.set_content(answer.raw, type->second);
}

}  // namespace ms2m::lab_test
