// Answers as the recorded kubelets did, over TLS, on the kubelet's own port of a loopback address nobody else uses.
#pragma once

#include <httplib.h>

#include <mutex>
#include <string>
#include <thread>

#include "transcript.hpp"

namespace ms2m::lab_test {

class FakeKubelet {
 public:
  // `directory` holds the keys (make_pki.sh). Takes a free 127.x.y.z:10250.
  explicit FakeKubelet(const std::string& directory);
  ~FakeKubelet();

  const std::string& address() const { return address_; }
  // What every request gets from now on.
  void answer_with(const Transcript& transcript);
  // Common name of the last client, and the path it asked for.
  std::string last_client() const;
  std::string last_target() const;
  std::string last_header(const std::string& name) const;
  std::string last_body() const;
  // The next requests are held for this long before they are answered.
  void hold(std::chrono::milliseconds time);
  // True once a held request's connection was closed by its client.
  bool saw_client_leave() const { return client_left_; }

 private:
  void serve(const httplib::Request& request, httplib::Response& response);

  std::unique_ptr<httplib::SSLServer> server_;
  std::thread thread_;
  std::string address_;
  mutable std::mutex mutex_;
  Transcript answer_;
  std::string client_;
  std::string target_;
  httplib::Headers headers_;
  std::string body_;
  std::chrono::milliseconds hold_{0};
  std::atomic<bool> client_left_ = false;
};

}  // namespace ms2m::lab_test
