#include "http_server.hpp"

#include <httplib.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "values.hpp"

namespace ms2m::lab {

namespace {
constexpr std::size_t kMostThreads = 512;

// A connection holds its thread for as long as it is open, so threads are made as connections come.
class GrowingPool : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> job) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < kMostThreads) threads_.emplace_back([this] { work(); });
    wake_.notify_one();
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      wake_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      --idle_;
      if (jobs_.empty()) return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ending_ = false;
};

// Certificates are asked for and looked at later, so that a bad one is a 401 and not a failed handshake.
int accept_any_certificate(int, X509_STORE_CTX*) { return 1; }

bool set_up_tls(SSL_CTX& context, const TlsFiles& files) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(&context, files.certificate.c_str()) != 1) return false;
  if (SSL_CTX_use_PrivateKey_file(&context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) return false;
  if (SSL_CTX_load_verify_locations(&context, files.client_ca.c_str(), nullptr) != 1) return false;
  SSL_CTX_set_client_CA_list(&context, SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, accept_any_certificate);
  return true;
}

std::string entry_text(const X509_NAME* name, int position) {
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
          static_cast<std::size_t>(ASN1_STRING_length(data))};
}

ClientCertificate read_certificate(const SSL* ssl) {
  ClientCertificate result;
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return result;
  result.presented = true;
  result.trusted = SSL_get_verify_result(ssl) == X509_V_OK;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at_entry = -1;
       (at_entry = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject), NID_commonName, at_entry)) >= 0;)
    result.common_name = entry_text(subject, at_entry);
  for (int at_entry = -1;
       (at_entry = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject), NID_organizationName, at_entry)) >= 0;)
    result.organizations.push_back(entry_text(subject, at_entry));
  X509_free(certificate);
  return result;
}

bool peer_has_left(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Call make_call(const httplib::Request& request) {
  Call call;
  call.method = request.method;
  call.path = request.path;
  call.target = request.target;
  call.query = parse_query(request.target);
  call.body = request.body;
  call.content_type = request.get_header_value("Content-Type");
  call.accept = request.get_header_value("Accept");
  call.authorization = request.get_header_value("Authorization");
  for (const auto& [name, value] : request.headers) call.headers.emplace_back(name, value);
  call.certificate = read_certificate(request.ssl);
  call.client_gone = [fd = SSL_get_fd(request.ssl)] { return peer_has_left(fd); };
  return call;
}

void send_stream(Answer answer, httplib::Response& response) {
  auto run = std::make_shared<std::function<void(const StreamWrite&)>>(std::move(answer.stream));
  response.set_chunked_content_provider(answer.content_type, [run](std::size_t, httplib::DataSink& sink) {
    (*run)([&](std::string_view piece) { return sink.write(piece.data(), piece.size()); });
    sink.done();
    return true;
  });
}

void send_answer(Answer answer, const httplib::Request& request, httplib::Response& response) {
  if (answer.drop_connection) {
    ::shutdown(SSL_get_fd(request.ssl), SHUT_RDWR);
    return;
  }
  response.status = answer.code;
  response.set_header("Audit-Id", random_uuid());
  response.set_header("Cache-Control", "no-cache, private");
  for (const auto& [name, value] : answer.headers) response.headers.emplace(name, value);
  if (answer.stream)
    send_stream(std::move(answer), response);
  else
    response.set_content(answer.body, answer.content_type);
}
}  // namespace

class HttpServer::Impl {
 public:
  Impl(ApiServer& api, const TlsFiles& files)
      : api_(api), server_([&files](SSL_CTX& context) { return set_up_tls(context, files); }) {
    if (!server_.is_valid()) throw std::runtime_error("cannot use the TLS files " + files.certificate);
    server_.new_task_queue = [] { return new GrowingPool; };
    server_.set_tcp_nodelay(true);
    // Not the library's SO_REUSEPORT: a second server on the same port has to fail.
    server_.set_socket_options([](int fd) {
      const int on = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    server_.set_keep_alive_max_count(1U << 30);
    server_.set_keep_alive_timeout(90);
    server_.set_read_timeout(60);
    server_.set_write_timeout(60);
    // The library waits for a body until the connection closes when a POST or DELETE announces none; answer those
    // first.
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const bool body_follows =
          request.has_header("Transfer-Encoding") ||
          (request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0");
      if (body_follows) return httplib::Server::HandlerResponse::Unhandled;
      answer(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    };
    server_.Get(".*", handler).Post(".*", handler).Put(".*", handler).Patch(".*", handler).Delete(".*", handler);
  }

  httplib::SSLServer& server() { return server_; }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    Call call = make_call(request);
    send_answer(api_.handle(call), request, response);
  }

  ApiServer& api_;
  httplib::SSLServer server_;
};

HttpServer::HttpServer(ApiServer& api, const TlsFiles& files) : impl_(std::make_unique<Impl>(api, files)) {}
HttpServer::~HttpServer() = default;

int HttpServer::bind(const std::string& host, int port) {
  httplib::SSLServer& server = impl_->server();
  if (port == 0)
    port = server.bind_to_any_port(host);
  else if (!server.bind_to_port(host, port))
    port = -1;
  if (port < 0) throw std::runtime_error("cannot listen on " + host);
  return port;
}

void HttpServer::run() { impl_->server().listen_after_bind(); }
void HttpServer::stop() { impl_->server().stop(); }

}  // namespace ms2m::lab
