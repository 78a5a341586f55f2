// A stand-in API server of a test's own: own keys, own port, own process; gone with the object.
#pragma once

#include <httplib.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "transcript.hpp"

namespace ms2m::lab_test {

struct Reply {
  int status = 0;  // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;
  std::string body;
  Json json() const { return Json::parse(body, nullptr, false); }
};

class LabApi {
 public:
  // `options` go to the binary as they are.
  explicit LabApi(const std::vector<std::string>& options = {});
  ~LabApi();
  LabApi(const LabApi&) = delete;
  LabApi& operator=(const LabApi&) = delete;

  Reply call(const std::string& client, const std::string& method, const std::string& target,
             const std::string& body = "", const std::string& content_type = "", const httplib::Headers& more = {});
  Reply admin(const std::string& method, const std::string& target, const Json& body = nullptr,
              const std::string& content_type = "application/json");
  // Sends what was recorded, under the address of this server.
  Reply replay(const Transcript& transcript);
  // Every line of a watch until it ends; `ready` is called when it is open.
  std::vector<Json> watch(const std::string& target, const std::function<void()>& ready = nullptr);

  // How long a call waits for its answer; 30 s unless told.
  void set_read_timeout(std::chrono::milliseconds time) { read_timeout_ = time; }

  std::string file(const std::string& name) const { return (directory_ / name).string(); }

 private:
  std::unique_ptr<httplib::SSLClient> client_for(const std::string& client) const;
  void start(const std::vector<std::string>& options);

  std::filesystem::path directory_;
  pid_t process_ = -1;
  int port_ = 0;
  std::chrono::milliseconds read_timeout_{30000};
};

// Waits until the condition holds, for a few seconds. False when it does not come to be.
bool eventually(const std::function<bool()>& condition);

}  // namespace ms2m::lab_test
