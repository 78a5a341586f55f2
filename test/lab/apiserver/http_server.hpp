// The TLS listener: turns what the HTTP library gives into a Call, and an Answer into what it wants.
#pragma once

#include <memory>
#include <string>

#include "api_server.hpp"

namespace ms2m::lab {

struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

class HttpServer {
 public:
  // Throws std::runtime_error when a file cannot be used.
  HttpServer(ApiServer& api, const TlsFiles& files);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Port 0 takes a free one. Returns the port; throws std::runtime_error when the address is not to be had.
  int bind(const std::string& host, int port);
  void run();   // until stop()
  void stop();  // from any thread

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms2m::lab
