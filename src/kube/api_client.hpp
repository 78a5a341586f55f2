// Requests to one server (API server or kubelet) with credentials, retries and one renewal after a 401.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kube/credentials.hpp"
#include "kube/retry.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

struct ApiCall {
  std::string method = "GET";
  std::string path;  ///< with its query
  std::string body{};
  std::string content_type = "application/json";
  bool idempotent = true;
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct ApiAnswer {
  HttpResponse http;
  bool sent_before = false;  ///< an earlier attempt was lost after it had been sent: it may have had its effect
};

/// Thread-safe. HTTP statuses are values; TransportError, Cancelled and Error{timeout} come out as HttpClient throws
/// them, a credential plugin's errors as run_exec_plugin() throws them.
class ApiClient {
 public:
  /// `access` gives server, TLS, proxy, basic authentication and impersonation.
  ApiClient(KubeAccess access, std::shared_ptr<Credentials> credentials);

  /// With retries (retry.hpp). An attempt that gets no answer within access.request_limit counts as a lost connection.
  ApiAnswer call(const ApiCall& call, const StopToken& stop);
  /// Sent at most once, on a new connection; repeated only after a 401 (which had no effect).
  HttpResponse call_once(const ApiCall& call, const StopToken& stop);
  /// One attempt; the body of a 2xx answer goes to on_chunk.
  HttpResponse stream(const ApiCall& call, const HttpClient::ChunkFn& on_chunk, const StopToken& stop);

  /// Whether anybody is there: one GET on a connection of its own, with the credentials at hand. The answer, whatever
  /// it says; nullopt: none came before the token's deadline, or there is no connection. Error: it could not be asked.
  std::optional<HttpResponse> knock(const std::string& path, const StopToken& stop);

  const std::string& server() const noexcept { return access_.server; }

 private:
  enum class Mode { normal, once, stream };
  HttpResponse attempt(const ApiCall& call, Mode mode, const HttpClient::ChunkFn* on_chunk, const StopToken& stop);
  HttpResponse limited_attempt(const ApiCall& call, const StopToken& stop);
  HttpRequest request_of(const ApiCall& call, const std::string& token) const;
  HttpOptions options_of(const Credentials::Current& current) const;
  std::shared_ptr<HttpClient> client_for(const Credentials::Current& current);

  const KubeAccess access_;
  const std::shared_ptr<Credentials> credentials_;
  std::mutex mutex_;
  TlsOptions client_tls_;
  std::shared_ptr<HttpClient> client_;
};

/// [0, 1), from a generator of the calling thread.
double random_share();

}  // namespace ms2m
