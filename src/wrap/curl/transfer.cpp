#include "wrap/curl/transfer.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "wrap/curl/url.hpp"

namespace ms2m::curl {
namespace {

/// HTTPS_PROXY or HTTP_PROXY by the URL's scheme, in capitals or not; "": none. As Go's programs have it, kubectl among
/// them: ALL_PROXY means nothing.
std::string environment_proxy(const std::string& scheme) {
  const char* const https[] = {"HTTPS_PROXY", "https_proxy"};
  const char* const http[] = {"HTTP_PROXY", "http_proxy"};
  for (const char* name : scheme == "https" ? https : http)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')  // NOLINT(concurrency-mt-unsafe)
      return value;
  return {};
}

/// A SOCKS proxy resolves the server's name itself, which often nobody else can; libcurl calls that socks5h.
std::string resolving(const std::string& proxy) {
  constexpr std::string_view kSocks = "socks5://";
  const bool socks = proxy.size() > kSocks.size() &&
                     std::equal(kSocks.begin(), kSocks.end(), proxy.begin(),
                                [](char a, unsigned char b) { return a == static_cast<char>(std::tolower(b)); });
  return socks ? "socks5h://" + proxy.substr(kSocks.size()) : proxy;
}

}  // namespace

Transfer::Transfer(CURL* easy, const HttpOptions& options, const HttpRequest& request, const std::string& bearer_token,
                   const HttpChunkFn* on_chunk)
    : easy_(easy), options_(options), request_(request), on_chunk_(on_chunk) {
  curl_easy_reset(easy_);
  set_pointer<CURLOPT_ERRORBUFFER>(easy_, error_text_);
  set_function<CURLOPT_WRITEFUNCTION>(easy_, &Transfer::on_body);
  set_pointer<CURLOPT_WRITEDATA>(easy_, this);
  set_function<CURLOPT_HEADERFUNCTION>(easy_, &Transfer::on_header);
  set_pointer<CURLOPT_HEADERDATA>(easy_, this);
  set_function<CURLOPT_PREREQFUNCTION>(easy_, &Transfer::on_send);
  set_pointer<CURLOPT_PREREQDATA>(easy_, this);
  set_connection();
  set_tls();
  set_request(bearer_token);
}

void Transfer::set_connection() {
  set_long<CURLOPT_HTTP_VERSION>(easy_, CURL_HTTP_VERSION_1_1);
  set_long<CURLOPT_NOSIGNAL>(easy_, 1);    // several threads
  set_long<CURLOPT_QUICK_EXIT>(easy_, 1);  // do not join a hanging resolver thread when cancelled
  set_long<CURLOPT_TCP_NODELAY>(easy_, 1);
  set_long<CURLOPT_TCP_KEEPALIVE>(easy_, 1);  // a watch whose peer vanished must end some time
  set_long<CURLOPT_TCP_KEEPIDLE>(easy_, 20);
  set_long<CURLOPT_TCP_KEEPINTVL>(easy_, 10);
  set_long<CURLOPT_CONNECTTIMEOUT_MS>(easy_, static_cast<long>(options_.connect_timeout.count()));
  if (request_.new_connection) set_long<CURLOPT_FRESH_CONNECT>(easy_, 1);
  set_string<CURLOPT_PROTOCOLS_STR>(easy_, "http,https");

  const UrlParts url = parse_url(request_.url);
  // Always set: libcurl on its own would heed ALL_PROXY.
  set_string<CURLOPT_PROXY>(easy_, resolving(options_.proxy.empty() ? environment_proxy(url.scheme) : options_.proxy));
  if (!options_.proxy.empty())
    set_string<CURLOPT_NOPROXY>(easy_, "");  // an explicit proxy is not subject to NO_PROXY
  else if (url.loopback)
    set_string<CURLOPT_NOPROXY>(easy_, "*");
  const std::string& name = options_.tls.server_name;
  if (name.empty() || url.scheme != "https") {
    set_string<CURLOPT_URL>(easy_, request_.url);
    return;
  }
  // libcurl verifies the name in the URL: put the TLS name there, connect to the real host, and keep the real Host
  // header.
  const std::string renamed = with_host(request_.url, name);
  const UrlParts target = parse_url(renamed);
  set_string<CURLOPT_URL>(easy_, renamed);
  connect_to_.add(target.host_and_port() + ":" + url.host_and_port());
  set_pointer<CURLOPT_CONNECT_TO>(easy_, connect_to_.get());
  headers_.add("Host: " + url.host_and_port());
}

void Transfer::set_tls() {
  const TlsOptions& tls = options_.tls;
  set_long<CURLOPT_SSLVERSION>(easy_, CURL_SSLVERSION_TLSv1_2);
  if (tls.insecure) {
    set_long<CURLOPT_SSL_VERIFYPEER>(easy_, 0);
    set_long<CURLOPT_SSL_VERIFYHOST>(easy_, 0);
  }
  if (!tls.ca.empty()) {
    // Without this the system's directory would be trusted beside the given CA.
    set_pointer<CURLOPT_CAPATH>(easy_, nullptr);
    if (!tls.ca.data.empty()) {
      set_pointer<CURLOPT_CAINFO>(easy_, nullptr);
      set_blob<CURLOPT_CAINFO_BLOB>(easy_, tls.ca.data);
    } else {
      set_string<CURLOPT_CAINFO>(easy_, tls.ca.file);
    }
  }
  if (!tls.certificate.data.empty()) {
    set_blob<CURLOPT_SSLCERT_BLOB>(easy_, tls.certificate.data);
  } else if (!tls.certificate.file.empty()) {
    set_string<CURLOPT_SSLCERT>(easy_, tls.certificate.file);
  }
  if (!tls.key.data.empty()) {
    set_blob<CURLOPT_SSLKEY_BLOB>(easy_, tls.key.data);
  } else if (!tls.key.file.empty()) {
    set_string<CURLOPT_SSLKEY>(easy_, tls.key.file);
  }
}

void Transfer::set_request(const std::string& bearer_token) {
  if (request_.method == "HEAD") {
    set_long<CURLOPT_NOBODY>(easy_, 1);
  } else if (request_.method != "GET" || !request_.body.empty()) {
    set_pointer<CURLOPT_POSTFIELDS>(easy_, request_.body.data());
    set_size<CURLOPT_POSTFIELDSIZE_LARGE>(easy_, request_.body.size());
    set_string<CURLOPT_CUSTOMREQUEST>(easy_, request_.method);
    headers_.add("Expect:");  // no pause of a round trip before a large body
    headers_.add("Content-Type:");
  }
  set_string<CURLOPT_USERAGENT>(easy_, options_.user_agent);
  if (!options_.user.empty()) {
    set_long<CURLOPT_HTTPAUTH>(easy_, CURLAUTH_BASIC);
    set_string<CURLOPT_USERNAME>(easy_, options_.user);
    set_string<CURLOPT_PASSWORD>(easy_, options_.password);
  }
  for (const auto& [name, value] : request_.headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos)
      throw Error(ErrorKind::usage, "a line break in the value of the request header " + name);
    headers_.add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!bearer_token.empty()) {
    if (bearer_token.find_first_of("\r\n") != std::string::npos)
      throw Error(ErrorKind::usage, "the bearer token contains a line break");
    headers_.add("Authorization: Bearer " + bearer_token);
  }
  set_pointer<CURLOPT_HTTPHEADER>(easy_, headers_.get());
}

int Transfer::on_send(void* self, char*, char*, int, int) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.sends_ > 0 && transfer.request_.at_most_once) return CURL_PREREQFUNC_ABORT;
  ++transfer.sends_;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.take_body({data, size * count});
  } catch (...) {
    transfer.parked_ = std::current_exception();
  }
  return transfer.parked_ || transfer.enough_ ? CURL_WRITEFUNC_ERROR : size * count;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.take_header({data, size * count});
  } catch (...) {
    transfer.parked_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
  return size * count;
}

void Transfer::take_body(std::string_view chunk) {
  if (on_chunk_ != nullptr && response_.ok()) {
    enough_ = !(*on_chunk_)(chunk);
    return;
  }
  if (response_.body.size() + chunk.size() > options_.max_body)
    throw Error(ErrorKind::protocol,
                "the answer to " + request_.method + " " + printable_url(request_.url) + " is too large");
  response_.body.append(chunk);
}

void Transfer::take_header(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.substr(0, 5) == "HTTP/") {  // also begins the final answer after a proxy's or a 1xx one
    response_ = {};
    const auto space = line.find(' ');
    if (space != std::string_view::npos) response_.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  response_.headers.emplace_back(std::move(name), std::string(value));
}

HttpResponse Transfer::finish(CURLcode code) {
  if (parked_) std::rethrow_exception(parked_);
  if (code != CURLE_OK && !enough_) fail(code);
  return std::move(response_);
}

void Transfer::fail(CURLcode code) const {
  ErrorKind kind = ErrorKind::unavailable;
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      kind = ErrorKind::forbidden;
      break;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      kind = ErrorKind::usage;
      break;
    case CURLE_WEIRD_SERVER_REPLY:
      kind = ErrorKind::protocol;
      break;
    default:
      break;
  }
  std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (code == CURLE_ABORTED_BY_CALLBACK) text = "the connection was lost after the request had been sent";
  throw TransportError(kind, request_.method + " " + printable_url(request_.url) + ": " + text, sends_ > 0);
}

}  // namespace ms2m::curl
