// What HttpClient is told and answers: values.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// PEM text, in a file or in memory (memory wins when both are set).
struct Pem {
  std::string file;
  std::string data;
  bool empty() const { return file.empty() && data.empty(); }
  friend bool operator==(const Pem&, const Pem&) = default;
};

struct TlsOptions {
  Pem ca;                   ///< trust these and nobody else; empty: the system's store
  Pem certificate;          ///< client certificate, with its chain
  Pem key;                  ///< its unencrypted key; a file is read anew for every connection
  std::string server_name;  ///< SNI and the name to verify, instead of the URL's host; empty: the URL's host
  bool insecure = false;    ///< do not verify the peer at all
  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

struct HttpOptions {
  TlsOptions tls;
  std::string proxy;  ///< http://, https:// or socks5:// URL; empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the
                      ///< environment (never for a loopback address). The proxy resolves the server's name.
  std::string user;   ///< basic authentication of every request when not empty
  std::string password;
  /// Called before each request for its bearer token ("" = none); may block, may throw. Called from several threads.
  std::function<std::string(const StopToken&)> bearer_token;
  std::string user_agent = "ms2m";
  Millis connect_timeout{10000};      ///< name, TCP and TLS together
  std::size_t max_body = 256u << 20;  ///< of a collected body; more is Error{protocol}
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Must not reach the peer twice: libcurl would silently send a request again when a kept connection dies under it.
  bool at_most_once = false;
  bool new_connection = false;  ///< do not reuse a kept one, which may have died unnoticed
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
  std::string body;
  bool ok() const { return status >= 200 && status < 300; }
  std::string header(std::string_view lower_case_name) const;  ///< first value; "" when absent
};

/// Takes a part of a body. false: enough, end the transfer (not an error; its connection is closed). Exceptions pass
/// through HttpClient::stream().
using HttpChunkFn = std::function<bool(std::string_view chunk)>;

/// No (complete) answer came: {unavailable} no connection or a broken one, {forbidden} the peer's certificate is not
/// trusted or ours is not accepted, {usage} a CA, certificate or key file cannot be used. The text is libcurl's,
/// without secrets.
class TransportError : public Error {
 public:
  TransportError(ErrorKind kind, std::string message, bool sent) : Error(kind, std::move(message)), sent_(sent) {}
  /// Whether the peer may have received the request. false: it certainly has not, any request can be repeated.
  bool sent() const noexcept { return sent_; }

 private:
  bool sent_;
};

}  // namespace ms2m
