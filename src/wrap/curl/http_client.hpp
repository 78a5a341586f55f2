// HTTP/1.1 over TCP or TLS for the adapters (Kubernetes API, kubelet, RabbitMQ's management API). The only user of
// libcurl.
#pragma once
#include <memory>

#include "ms2m/stop.hpp"
#include "wrap/curl/http.hpp"
#include "wrap/curl/url.hpp"

namespace ms2m {

/// Keeps connections open for reuse. Thread rule: every method from any thread; concurrent requests use connections of
/// their own. Redirects are not followed. An HTTP status is a value here, never an error. Every call blocks until the
/// answer, a stop (Cancelled, at once), the token's deadline (Error{timeout}), or TransportError. A cancelled or timed
/// out request's connection is closed; what the peer does with the request is unknown.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();  ///< no request may be running
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpResponse request(const HttpRequest& request, const StopToken& stop);

  using ChunkFn = HttpChunkFn;
  /// As request(), but hands the body of a 2xx answer over as it arrives; the body of any other answer is collected.
  HttpResponse stream(const HttpRequest& request, const ChunkFn& on_chunk, const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms2m
