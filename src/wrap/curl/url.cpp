#include "wrap/curl/url.hpp"

#include <curl/curl.h>

#include <memory>

#include "ms2m/error.hpp"

namespace ms2m {
namespace curl {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

UrlHandle parsed(const std::string& text) {
  // http://u:12/34@host reads as host "u", port 12: connecting there would show half of the password.
  const auto scheme = text.find("://");
  const auto end = text.find_first_of("/?#", scheme == std::string::npos ? 0 : scheme + 3);
  if (end != std::string::npos && text.find('@', end) != std::string::npos)
    throw Error(
        ErrorKind::usage,
        "not a URL: behind the host stands an '@' (in user and password '/', '?' and '#' are written as %2F, %3F "
        "and %23, and elsewhere an '@' as %40)");
  UrlHandle url(curl_url());
  // Not repeated: what is no URL may be a password.
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    throw Error(ErrorKind::usage, "not a URL: write it as https://HOST:PORT");
  return url;
}

}  // namespace

UrlParts parse_url(const std::string& text) {
  const UrlHandle url = parsed(text);
  UrlParts parts{part(url.get(), CURLUPART_SCHEME), part(url.get(), CURLUPART_HOST),
                 part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT), false};
  if (parts.scheme != "http" && parts.scheme != "https")
    throw Error(ErrorKind::usage, "neither http nor https: write it as https://HOST:PORT");
  parts.loopback = parts.host == "localhost" || parts.host.rfind("127.", 0) == 0 || parts.host == "[::1]";
  return parts;
}

std::string with_host(const std::string& text, const std::string& host) {
  const UrlHandle url = parsed(text);
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  const std::string name = bare_v6 ? "[" + host + "]" : host;
  if (curl_url_set(url.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK)
    throw Error(ErrorKind::usage, "not a TLS server name: " + host);
  return part(url.get(), CURLUPART_URL);
}

}  // namespace curl

void check_url(const std::string& url) { curl::parse_url(url); }

std::string printable_url(std::string_view url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  // The last '@' anywhere: a password may hold an unescaped '/' or '?'.
  const auto at = url.rfind('@');
  const auto host = at == std::string_view::npos || at < begin ? begin : at + 1;
  return std::string(url.substr(0, begin)) + std::string(url.substr(host, url.find_first_of("?#", host) - host));
}

}  // namespace ms2m
