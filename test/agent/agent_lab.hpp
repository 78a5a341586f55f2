// An agent of the test's own on a free port of this machine, and whoever asks it.
#pragma once
#include <sys/stat.h>

#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/keys.hpp"
#include "agent/server.hpp"
#include "node/protocol/agent_paths.hpp"
#include "support/catch.hpp"
#include "wrap/curl/http_client.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m::test {

inline const std::string kSession = "/v1/sessions/0123456789abcdef0123456789abcdef";
inline const std::string kOtherSession = "/v1/sessions/fedcba9876543210fedcba9876543210";

class AgentLab {
 public:
  explicit AgentLab(std::vector<std::string> argv, const std::function<void(agent::ServerSettings&)>& change = {}) {
    const auto write = [&](const char* name, const std::string& text) { std::ofstream(dir.path() / name) << text; };
    write("tls.crt", keys.certificate);
    write("tls.key", keys.key);
    write("token", keys.token + "\n");
    agent::ServerSettings settings;
    settings.address = "127.0.0.1";
    settings.keys = dir.path();
    settings.node = "worker-1";
    if (change) change(settings);
    start(std::move(settings), std::move(argv));
  }
  ~AgentLab() { end(); }
  AgentLab(const AgentLab&) = delete;
  AgentLab& operator=(const AgentLab&) = delete;

  void end() {
    if (!serving_.joinable()) return;
    stop_.request_stop();
    serving_.join();
    server_.reset();
  }

  int port() const { return port_; }
  std::string url(const std::string& path) const { return "https://127.0.0.1:" + std::to_string(port_) + path; }
  HttpOptions options() const {
    HttpOptions options;
    options.tls.ca.data = keys.authority;
    options.tls.server_name = "ms2m-agent";
    return options;
  }
  HttpResponse ask(const std::string& method, const std::string& path, const std::string& body = {},
                   const std::string& owner = "k3x9qa") {
    return ask_with({{node::kTokenHeader, keys.token}, {node::kOwnerHeader, owner}}, method, path, body);
  }
  HttpResponse ask_with(std::vector<std::pair<std::string, std::string>> headers, const std::string& method,
                        const std::string& path, const std::string& body = {}) {
    HttpRequest request{method, url(path), std::move(headers), body, false, false};
    return client_.request(request, StopToken().within(std::chrono::seconds(60)));
  }
  HttpResponse open(const std::string& path = kSession, int silence_ms = 60000) {
    return ask("POST", path, "{\"silence_ms\":" + std::to_string(silence_ms) + "}");
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  const agent::Keys keys = agent::make_keys("ms2m-agent");
  posix::TempDir dir;

 private:
  void start(agent::ServerSettings settings, std::vector<std::string> argv) {
    server_.emplace(
        std::move(settings),
        [argv = std::move(argv)] {
          posix::ProcessSpec spec;
          spec.argv = argv;
          return spec;
        },
        [this](const std::string& line) {
          const std::lock_guard lock(mutex_);
          log_ += line + "\n";
        });
    port_ = server_->bind();
    serving_ = std::thread([this] { server_->run(stop_.token()); });
  }

  StopSource stop_;
  std::mutex mutex_;
  std::string log_;
  std::optional<agent::Server> server_;
  int port_ = 0;
  std::thread serving_;
  HttpClient client_{options()};
};

/// Waits until `condition` holds; false after a minute.
inline bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(Millis{10});
  }
  return false;
}

}  // namespace ms2m::test
