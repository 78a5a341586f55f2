// One request on one easy handle: sets every option, collects the answer, turns CURLcodes into errors. Private to
// wrap/curl.
#pragma once
#include <exception>
#include <string>

#include "wrap/curl/easy.hpp"
#include "wrap/curl/http.hpp"

namespace ms2m::curl {

/// Not movable: libcurl keeps addresses of members until the transfer ends. One thread.
class Transfer {
 public:
  Transfer(CURL* easy, const HttpOptions& options, const HttpRequest& request, const std::string& bearer_token,
           const HttpChunkFn* on_chunk);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { curl_easy_reset(easy_); }  // it holds addresses of members

  /// The answer; rethrows what a callback parked; TransportError.
  HttpResponse finish(CURLcode code);

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_send(void* self, char*, char*, int, int) noexcept;
  void take_body(std::string_view chunk);
  void take_header(std::string_view line);
  void set_request(const std::string& bearer_token);
  void set_connection();
  void set_tls();
  [[noreturn]] void fail(CURLcode code) const;

  CURL* easy_;
  const HttpOptions& options_;
  const HttpRequest& request_;
  const HttpChunkFn* on_chunk_;
  StringList headers_;
  StringList connect_to_;
  HttpResponse response_;
  std::exception_ptr parked_;
  bool enough_ = false;
  int sends_ = 0;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace ms2m::curl
