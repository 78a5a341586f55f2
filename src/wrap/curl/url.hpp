// The few things that must be known of a URL outside libcurl.
#pragma once
#include <string>
#include <string_view>

/// Private to wrap/curl.
namespace ms2m::curl {

struct UrlParts {
  std::string scheme;
  std::string host;  ///< IPv6 addresses in brackets
  std::string port;  ///< the scheme's own when the URL names none
  bool loopback = false;
  std::string host_and_port() const { return host + ":" + port; }
};

/// Error{usage} as check_url().
UrlParts parse_url(const std::string& url);
/// The same URL with another host (port, path and query stay).
std::string with_host(const std::string& url, const std::string& host);

}  // namespace ms2m::curl

namespace ms2m {

/// Error{usage}, with nothing of the URL in it: not an absolute http or https URL, or one with an '@' behind its host
/// (an unescaped '/' in the password).
void check_url(const std::string& url);
/// The URL without user information and query: fit for messages.
std::string printable_url(std::string_view url);

}  // namespace ms2m
