#include "kubelet_proxy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <thread>

namespace ms2m::lab {

namespace {
constexpr int kKubeletPort = 10250;
constexpr auto kLookForClient = std::chrono::milliseconds(100);

// One request to a kubelet, running in a thread of its own, so that the client's leaving can end it.
class Exchange {
 public:
  explicit Exchange(std::unique_ptr<httplib::ClientImpl> client) : client_(std::move(client)) {
    client_->enable_server_certificate_verification(false);
    client_->set_connection_timeout(5);
    client_->set_read_timeout(3600);
    client_->set_tcp_nodelay(true);
    client_->set_keep_alive(false);
  }
  ~Exchange() {
    client_->stop();
    if (thread_.joinable()) thread_.join();
  }

  void start(httplib::Request request) {
    request.response_handler = [this](const httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      status_ = response.status;
      content_type_ = response.get_header_value("Content-Type");
      for (const auto& [name, value] : response.headers) headers_.emplace_back(name, value);
      streams_ = !response.has_header("Content-Length");
      changed_.notify_all();
      return true;
    };
    request.content_receiver = [this](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      const std::lock_guard lock(mutex_);
      pieces_.emplace_back(data, size);
      changed_.notify_all();
      return true;
    };
    thread_ = std::thread([this, request = std::move(request)]() mutable {
      httplib::Response response;
      auto error = httplib::Error::Success;
      const bool sent = client_->send(request, response, error);
      const std::lock_guard lock(mutex_);
      error_ = sent ? httplib::Error::Success : error;
      done_ = true;
      changed_.notify_all();
    });
  }

  // Until the headers of a streamed answer or the end of a whole one are there. False when the client went away.
  bool wait_for_answer(const ClientGone& gone) {
    std::unique_lock lock(mutex_);
    while (!done_ && !(status_ != 0 && streams_)) {
      changed_.wait_for(lock, kLookForClient);
      lock.unlock();
      const bool left = gone();
      lock.lock();
      if (left) return false;
    }
    return true;
  }

  // The next piece of the body; "" at its end.
  std::string next_piece(const ClientGone& gone) {
    std::unique_lock lock(mutex_);
    while (pieces_.empty() && !done_) {
      changed_.wait_for(lock, kLookForClient);
      lock.unlock();
      const bool left = gone();
      lock.lock();
      if (left) return "";
    }
    if (pieces_.empty()) return "";
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

  std::string whole_body() {
    std::string body;
    const std::lock_guard lock(mutex_);
    for (const std::string& piece : pieces_) body += piece;
    return body;
  }

  int status() const { return status_; }
  const std::string& content_type() const { return content_type_; }
  // All of them, those of the connection too.
  const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }
  bool streams() const { return streams_; }
  httplib::Error error() const { return error_; }

 private:
  std::unique_ptr<httplib::ClientImpl> client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  int status_ = 0;
  std::string content_type_;
  std::vector<std::pair<std::string, std::string>> headers_;
  bool streams_ = false;
  bool done_ = false;
  httplib::Error error_ = httplib::Error::Success;
  std::thread thread_;
};

// Why a connection cannot be made, in the words of Go's dialer.
std::string dial_error(const std::string& host, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  timeval limit{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  std::string why = "connect: connection refused";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EHOSTUNREACH) why = "connect: no route to host";
    if (errno == ENETUNREACH) why = "connect: network is unreachable";
    if (errno == EINPROGRESS || errno == ETIMEDOUT) why = "i/o timeout";
  }
  ::close(fd);
  return fmt::format("dial tcp {}:{}: {}", host, port, why);
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* each) { return ::strcasecmp(name.c_str(), each) == 0; });
}

// Of this connection, of the API server itself, or set anew.
bool belongs_here(const std::string& name) {
  return is_one_of(name, {"Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Host",
                          "Content-Length", "Content-Type", "Accept", "Authorization", "REMOTE_ADDR", "REMOTE_PORT",
                          "LOCAL_ADDR", "LOCAL_PORT"}) ||
         name.starts_with("Impersonate-");
}

// "https:worker-1:10250" is scheme, name and port; the first and the last may be missing.
std::pair<std::string, std::string> split_node(std::string name) {
  for (const char* scheme : {"https:", "http:"})
    if (name.starts_with(scheme)) name.erase(0, std::strlen(scheme));
  const auto colon = name.find(':');
  if (colon == std::string::npos) return {name, ""};
  return {name.substr(0, colon), name.substr(colon + 1)};
}
}  // namespace

KubeletProxy::Target KubeletProxy::find_node(const std::string& name, const std::string& port) const {
  const ObjectPtr node = store_.get(type_of("nodes"), "", name);
  const int own_port =
      static_cast<int>(number(*node, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"}, kKubeletPort));
  for (const Json& address : at(*node, {"status", "addresses"})) {
    if (text(address, {"type"}) == "InternalIP")
      return {text(address, {"address"}), port.empty() ? own_port : std::stoi(port)};
  }
  throw service_unavailable("error trying to reach service: no preferred addresses found; known addresses: []");
}

Answer KubeletProxy::node(const Call& call) const {
  const auto [name, port] = split_node(call.info.name);
  const Target target = find_node(name, port);
  // The path as on the wire, from behind ".../proxy".
  const std::string marker = "/proxy";
  const auto where = call.target.find(marker, call.target.find("/nodes/"));
  std::string path = call.target.substr(where + marker.size());
  if (path.empty() || path[0] != '/') path = "/" + path;
  return forward(call, target, path);
}

Answer KubeletProxy::pod(const Call& call) const {
  const auto [name, port] = split_node(call.info.name);
  const ObjectPtr pod = store_.get(type_of("pods"), call.info.space, name);
  Target target{text(*pod, {"status", "podIP"}), 80, call.info.name.starts_with("https:"), false};
  if (target.host.empty()) throw bad_request("address not allowed");
  const auto first = at(*pod, {"spec", "containers"}).at(0);
  if (port.empty() && !at(first, {"ports"}).empty())
    target.port = static_cast<int>(number(at(first, {"ports"}).at(0), {"containerPort"}, 80));
  if (!port.empty()) target.port = std::stoi(port);
  const std::string marker = "/proxy";
  const auto where = call.target.find(marker, call.target.find("/pods/"));
  std::string path = call.target.substr(where + marker.size());
  if (path.empty() || path[0] != '/') path = "/" + path;
  return forward(call, target, path);
}

Answer KubeletProxy::pod_log(const Call& call) const {
  const ObjectPtr pod = store_.get(type_of("pods"), call.info.space, call.info.name);
  const std::string node = text(*pod, {"spec", "nodeName"});
  if (node.empty()) throw bad_request(fmt::format("pod {} does not have a host assigned", call.info.name));
  const Json& containers = at(*pod, {"spec", "containers"});
  std::string container = call.param("container");
  if (container.empty() && containers.size() > 1)
    throw bad_request(fmt::format("a container name must be specified for pod {}", call.info.name));
  if (container.empty()) container = text(containers.at(0), {"name"});
  std::string path = fmt::format("/containerLogs/{}/{}/{}", call.info.space, call.info.name, container);
  if (const auto question = call.target.find('?'); question != std::string::npos) path += call.target.substr(question);
  Answer answer = forward(call, find_node(node, ""), path);
  if (answer.code == 200) answer.content_type = "text/plain";
  return answer;
}

Answer KubeletProxy::forward(const Call& call, const Target& target, const std::string& path) const {
  std::unique_ptr<httplib::ClientImpl> client;
  if (target.kubelet)
    client = std::make_unique<httplib::SSLClient>(target.host, target.port, cert_, key_);
  else if (target.tls)
    client = std::make_unique<httplib::SSLClient>(target.host, target.port);
  else
    client = std::make_unique<httplib::ClientImpl>(target.host, target.port);
  auto exchange = std::make_shared<Exchange>(std::move(client));
  httplib::Request request;
  request.method = call.method;
  request.path = path;
  request.headers.emplace("Accept", call.accept.empty() ? "*/*" : call.accept);
  if (!call.content_type.empty()) request.headers.emplace("Content-Type", call.content_type);
  if (!target.kubelet)
    for (const auto& [name, value] : call.headers)
      if (!belongs_here(name)) request.headers.emplace(name, value);
  request.body = call.body;
  exchange->start(std::move(request));
  Answer answer;
  if (!exchange->wait_for_answer(call.client_gone)) {
    answer.drop_connection = true;
    return answer;
  }
  if (exchange->status() == 0) {
    const bool dialing =
        exchange->error() == httplib::Error::Connection || exchange->error() == httplib::Error::ConnectionTimeout;
    throw service_unavailable("error trying to reach service: " +
                              (dialing ? dial_error(target.host, target.port) : std::string("EOF")));
  }
  answer.code = exchange->status();
  answer.content_type = exchange->content_type();
  for (const auto& [name, value] : exchange->headers())
    if (target.kubelet ? is_one_of(name, {"X-Content-Type-Options"}) : !belongs_here(name))
      answer.headers.emplace_back(name, value);
  if (!exchange->streams()) {
    answer.body = exchange->whole_body();
    return answer;
  }
  answer.stream = [exchange, gone = call.client_gone](const StreamWrite& write) {
    for (std::string piece = exchange->next_piece(gone); !piece.empty(); piece = exchange->next_piece(gone))
      if (!write(piece)) return;
  };
  return answer;
}

}  // namespace ms2m::lab
