#include "broker/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

[[noreturn]] void bad(const std::string& what) {
  throw Error(ErrorKind::usage, "broker address: " + what, "write it as amqp://USER:PASSWORD@HOST:5672/VHOST");
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text, const char* part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
    if (high < 0 || low < 0) bad(fmt::format("'%' in the {} must be followed by two hexadecimal digits", part));
    const char byte = static_cast<char>(high * 16 + low);
    if (byte == '\0') bad(fmt::format("the {} contains a zero byte", part));
    decoded += byte;
    i += 2;
  }
  return decoded;
}

template <typename Number>
Number number(std::string_view text, const char* part) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    bad(fmt::format("the {} must be a number up to 65535", part));
  return value;
}

std::string_view scheme(std::string_view& rest, BrokerAddress& address) {
  const auto end = rest.find("://");
  // No scheme at all is not repeated in the message: what stands there may be a password.
  if (end == std::string_view::npos) bad("it must begin with amqp:// or amqps://");
  std::string name(rest.substr(0, end));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name != "amqp" && name != "amqps") bad("it must begin with amqp:// or amqps://");
  address.tls = name == "amqps";
  address.port = address.tls ? 5671 : 5672;
  rest.remove_prefix(end + 3);
  return rest;
}

/// The characters of names and addresses, a zone and international names included. What else stands there may be a part
/// of a password.
bool is_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           std::string_view("-._:%").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void host_and_port(std::string_view text, BrokerAddress& address) {
  std::string_view host = text;
  std::string_view port;
  bool with_port = false;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) bad("the IPv6 address lacks its ']'");
    host = text.substr(1, end - 1);
    if (end + 1 < text.size()) {
      if (text[end + 1] != ':') bad("after the IPv6 address only :PORT may follow");
      port = text.substr(end + 2);
      with_port = true;
    }
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    with_port = true;
  }
  address.host = decode(host, "host");
  if (address.host.empty()) bad("the host is missing");
  if (!is_host(address.host)) bad("the host is neither a name nor an address");
  if (with_port && !port.empty()) address.port = number<std::uint16_t>(port, "port");
  if (address.port == 0) bad("the port must not be 0");
}

std::string mechanism(std::string name) {
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name != "PLAIN" && name != "EXTERNAL") bad("auth_mechanism must be plain or external");
  return name;
}

void query(std::string_view text, BrokerAddress& address) {
  std::vector<std::string> mechanisms;  // may be given several times: in order of preference
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = pair.substr(0, equals);
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())), "query");
    if (key == "cacertfile") address.ca_file = value;
    if (key == "certfile") address.certificate_file = value;
    if (key == "keyfile") address.key_file = value;
    if (key == "server_name_indication" && value != "disable") address.server_name = value;
    if (key == "heartbeat") address.heartbeat = std::chrono::seconds{number<std::uint16_t>(value, "heartbeat")};
    if (key == "api") address.api_url = value;
    if (key == "auth_mechanism") mechanisms.push_back(mechanism(value));
    if (key == "verify") {
      if (value != "verify_peer" && value != "verify_none") bad("verify must be verify_peer or verify_none");
      address.verify = value == "verify_peer";
    }
  }
  if (!mechanisms.empty()) address.mechanisms = std::move(mechanisms);
  // With a certificate alone, the default user and its well-known password are sent to nobody.
  if (address.mechanisms == std::vector<std::string>{"EXTERNAL"}) address.user = address.password = "";
}

}  // namespace

BrokerAddress parse_broker_uri(std::string_view uri) {
  BrokerAddress address;
  std::string_view rest = scheme(uri, address);
  if (const auto mark = rest.find('#'); mark != std::string_view::npos) bad("'#' must be written as %23");
  // amqp://u:12/34@host reads as host "u", port 12: connecting there would show half of the password.
  if (const auto end = rest.find_first_of("/?"); end != std::string_view::npos && rest.find('@', end) != rest.npos)
    bad("behind the first '/' or '?' stands an '@': in user and password these two are written as %2F and %3F, and an "
        "'@' in the virtual host or the query as %40");
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    query(rest.substr(mark + 1), address);
    rest = rest.substr(0, mark);
  }
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (path.find('/') != std::string_view::npos) bad("a '/' in the virtual host must be written as %2F");
  if (!path.empty()) address.vhost = decode(path, "virtual host");
  // The last @: passwords with an unescaped one are common.
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const auto login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const auto colon = login.find(':');
    address.user = decode(login.substr(0, colon), "user");
    address.password = colon == std::string_view::npos ? std::string{} : decode(login.substr(colon + 1), "password");
  }
  host_and_port(authority, address);
  if (address.certificate_file.empty() && !address.key_file.empty()) bad("keyfile needs certfile");
  return address;
}

}  // namespace ms2m
