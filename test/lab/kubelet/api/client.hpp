#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace httplib {
class Client;
}

namespace kubelet {

struct ApiConfig {
  std::string url;  // https://198.18.0.1:6443
  std::string ca_file, cert_file, key_file;
};

struct ApiReply {
  int status = 0;  // 0: the API server was not reached
  std::string body;
  bool ok() const { return status >= 200 && status < 300; }
  Json json() const { return Json::parse(body, nullptr, false); }
};

// The API server, with the node's client certificate. Thread-safe; every call blocks for ten seconds at most.
class ApiClient {
 public:
  explicit ApiClient(ApiConfig config);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  ApiReply get(const std::string& path);
  ApiReply post(const std::string& path, const Json& body);
  ApiReply patch(const std::string& path, const Json& body,
                 const std::string& content_type = "application/merge-patch+json");
  ApiReply remove(const std::string& path, const Json& body);
  // Hands over each line of a watch until the server ends it; returns the status, 0 when the connection broke.
  int watch(const std::string& path, const std::function<void(std::string_view line)>& on_line);

  const ApiConfig& config() const { return config_; }

 private:
  std::unique_ptr<httplib::Client> make_connection() const;
  template <typename Call>
  ApiReply with_connection(Call call);

  ApiConfig config_;
  std::mutex mutex_;
  struct Idle {
    std::unique_ptr<httplib::Client> client;
    SteadyTime since;
  };
  std::unique_ptr<httplib::Client> take_idle();  // or null
  std::vector<Idle> idle_;
};

}  // namespace kubelet
