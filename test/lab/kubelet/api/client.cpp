#include "api/client.hpp"

#include <httplib.h>

namespace kubelet {

ApiClient::ApiClient(ApiConfig config) : config_(std::move(config)) {}
ApiClient::~ApiClient() = default;

std::unique_ptr<httplib::Client> ApiClient::make_connection() const {
  auto client = std::make_unique<httplib::Client>(config_.url, config_.cert_file, config_.key_file);
  client->set_ca_cert_path(config_.ca_file.c_str());
  client->enable_server_certificate_verification(true);
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_connection_timeout(3);
  client->set_read_timeout(10);
  client->set_write_timeout(10);
  return client;
}

std::unique_ptr<httplib::Client> ApiClient::take_idle() {
  const std::lock_guard lock(mutex_);
  // The server closes what has been idle for five seconds.
  std::erase_if(idle_, [](const Idle& idle) { return steady_now() - idle.since > std::chrono::seconds(3); });
  if (idle_.empty()) return nullptr;
  auto client = std::move(idle_.back().client);
  idle_.pop_back();
  return client;
}

template <typename Call>
ApiReply ApiClient::with_connection(Call call) {
  auto client = take_idle();
  const bool used = client != nullptr;
  if (!used) client = make_connection();
  httplib::Result result = call(*client);
  if (!result && used) {  // closed by the other side in between: what was asked for did not get there
    client = make_connection();
    result = call(*client);
  }
  if (!result) return {};
  ApiReply reply{result->status, std::move(result->body)};
  const std::lock_guard lock(mutex_);
  if (idle_.size() < 8) idle_.push_back({std::move(client), steady_now()});
  return reply;
}

ApiReply ApiClient::get(const std::string& path) {
  return with_connection([&](httplib::Client& c) { return c.Get(path.c_str()); });
}
ApiReply ApiClient::post(const std::string& path, const Json& body) {
  return with_connection([&](httplib::Client& c) { return c.Post(path.c_str(), body.dump(), "application/json"); });
}
ApiReply ApiClient::patch(const std::string& path, const Json& body, const std::string& content_type) {
  return with_connection([&](httplib::Client& c) { return c.Patch(path.c_str(), body.dump(), content_type.c_str()); });
}
ApiReply ApiClient::remove(const std::string& path, const Json& body) {
  return with_connection([&](httplib::Client& c) { return c.Delete(path.c_str(), body.dump(), "application/json"); });
}

int ApiClient::watch(const std::string& path, const std::function<void(std::string_view)>& on_line) {
  const auto client = make_connection();
  client->set_read_timeout(90);
  std::string buffer;
  int status = 0;
  const auto result = client->Get(
      path.c_str(),
      [&](const httplib::Response& response) {
        status = response.status;
        return true;
      },
      [&](const char* data, std::size_t size) {
        buffer.append(data, size);
        for (std::size_t end; (end = buffer.find('\n')) != std::string::npos; buffer.erase(0, end + 1)) {
          if (end > 0) on_line(std::string_view(buffer).substr(0, end));
        }
        return true;
      });
  return result ? result->status : status;
}

}  // namespace kubelet
