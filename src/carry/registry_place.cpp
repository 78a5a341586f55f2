#include "carry/registry_place.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Components of lower-case letters and digits with single separators in between (the distribution specification).
bool is_repository(const std::string& text) {
  if (text.empty() || text.size() > 200 || !lower_or_digit(text.front()) || !lower_or_digit(text.back())) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool separator = std::string("._-/").find(text[i]) != std::string::npos;
    if (!separator && !lower_or_digit(text[i])) return false;
    if (separator && !lower_or_digit(text[i - 1]) && (text[i] != text[i - 1] || text[i] == '/' || text[i] == '.'))
      return false;
  }
  return true;
}

/// "HOST", "HOST:PORT", "[IPv6]:PORT". False: it is none.
bool take_host(const std::string& text, node::RegistryEnd& at) {
  const bool bracketed = text.starts_with("[");
  const auto close = bracketed ? text.find(']') : 0;
  if (close == std::string::npos) return false;
  const auto colon = text.find(':', close);
  at.host = bracketed ? text.substr(1, close - 1) : text.substr(0, colon);
  at.port = at.tls ? 443 : 80;
  const auto fits = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || (bracketed && c == ':');
  };
  if (at.host.empty() || at.host.front() == '-' || !std::all_of(at.host.begin(), at.host.end(), fits)) return false;
  if (bracketed && colon == std::string::npos) return close + 1 == text.size();
  if (colon == std::string::npos) return true;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, last, at.port);
  return error == std::errc{} && end == last && at.port > 0 && at.port < 65536;
}

}  // namespace

RegistryPlace parse_registry(const std::string& text) {
  RegistryPlace place;
  std::string rest = text;
  place.at.tls = !rest.starts_with("http://");
  for (const char* scheme : {"http://", "https://"})
    if (rest.starts_with(scheme)) rest = rest.substr(std::string(scheme).size());
  const auto slash = rest.find('/');
  place.host = rest.substr(0, slash);
  if (slash != std::string::npos) place.repository = rest.substr(slash + 1);
  if (!take_host(place.host, place.at) || !is_repository(place.repository))
    throw Error(ErrorKind::usage, "the registry '" + text + "' is not [http://]HOST[:PORT]/REPOSITORY");
  return place;
}

RegistryLink follow(const node::RegistryEnd& from, const std::string& location) {
  RegistryLink link{from, location, true};
  if (location.starts_with("/") && !location.starts_with("//")) return link;
  const bool https = location.starts_with("https://");
  const auto after = https ? 8u : 7u;
  if (!https && !location.starts_with("http://")) throw Error(ErrorKind::protocol, "the registry leads to no URL");
  const auto slash = location.find_first_of("/?", after);
  link.target = slash == std::string::npos ? "/" : location.substr(slash);
  if (link.target.front() == '?') link.target = "/" + link.target;
  link.at.tls = https;
  if (!take_host(location.substr(after, slash == std::string::npos ? slash : slash - after), link.at))
    throw Error(ErrorKind::protocol, "the registry leads to no URL");
  // One behind a proxy that ends TLS may not know that it is.
  if (from.tls && !https) {
    link.at.tls = true;
    if (link.at.port == 80) link.at.port = from.port;
  }
  link.same_end = link.at.host == from.host && link.at.port == from.port;
  return link;
}

}  // namespace ms2m
