#include "node/program/http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

#include "ms2m/error.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostHead = 64u << 10, kAtOnce = 64u << 10;

Error no_http(const std::string& what) {
  return Error(ErrorKind::unavailable, "what was answered is no HTTP: " + what);
}

bool printable(const std::string& text, bool blanks) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return (c > ' ' && c < 0x7f) || (blanks && c == ' '); });
}

bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
  });
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<std::uint64_t> number(const std::string& text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

}  // namespace

std::string print_request(const RegistryExchange& request, std::optional<std::size_t> body) {
  const auto wrong = [](const char* what) { throw Error(ErrorKind::usage, std::string(what) + " is none of HTTP"); };
  if (!is_token(request.method)) wrong("the method");
  if (!request.target.starts_with("/") || !printable(request.target, false)) wrong("the target");
  std::string host = request.at.host;
  if (host.empty() || !printable(host, false)) wrong("the host");
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  if (request.at.port != (request.at.tls ? 443u : 80u)) host += ":" + std::to_string(request.at.port);
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + host +
                     "\r\nUser-Agent: ms2m\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !printable(value, true)) wrong("a header");
    head += name + ": " + value + "\r\n";
  }
  if (!body)
    head += "Transfer-Encoding: chunked\r\n";
  else if (*body > 0 || (request.method != "GET" && request.method != "HEAD"))
    head += "Content-Length: " + std::to_string(*body) + "\r\n";
  return head + "\r\n";
}

bool HttpAnswer::more(const StopToken& stop) {
  if (at_ == come_.size()) {
    at_ = 0;
    come_.clear();
  }
  const std::size_t had = come_.size();
  come_.resize(had + kAtOnce);
  const std::size_t got = from_.receive(std::span(come_).subspan(had), stop);
  come_.resize(had + got);
  return got > 0;
}

/// Without its end.
std::string HttpAnswer::line(const StopToken& stop) {
  for (std::size_t searched = at_;;) {
    const auto end = come_.find('\n', searched);
    if (end != std::string::npos) {
      std::string found = come_.substr(at_, end - at_);
      head_ += end + 1 - at_;
      at_ = end + 1;
      if (head_ > kMostHead) throw no_http("a head without an end");
      if (found.ends_with('\r')) found.pop_back();
      return found;
    }
    if (head_ + come_.size() - at_ > kMostHead) throw no_http("a head without an end");
    searched = come_.size() - at_;  // more() may move what is left to the front
    if (at_ > 0) come_.erase(0, std::exchange(at_, 0));
    if (!more(stop))
      throw Error(ErrorKind::unavailable,
                  come_.empty() ? "the connection was closed without an answer" : "the answer ended in its head");
  }
}

void HttpAnswer::take_header(const std::string& line) {
  const auto colon = line.find(':');
  if (colon == std::string::npos || !is_token(line.substr(0, colon)))
    throw no_http("a line of the head without a name");
  headers_[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
}

void HttpAnswer::read_head(bool bodiless, const StopToken& stop) {
  do {
    const std::string first = line(stop);
    const auto status = first.size() >= 12 ? number(first.substr(9, 3), 10) : std::nullopt;
    if (!first.starts_with("HTTP/1.") || !status || *status < 100) throw no_http("its first line");
    status_ = *status;
    headers_.clear();
    for (std::string each; !(each = line(stop)).empty();) take_header(each);
  } while (status_ < 200);  // what it says in between
  find_end(bodiless || status_ == 204 || status_ == 304);
  head_ = 0;
}

void HttpAnswer::find_end(bool bodiless) {
  const auto coded = headers_.find("transfer-encoding");
  const auto counted = headers_.find("content-length");
  if (bodiless) {
    over_ = true;
  } else if (coded != headers_.end()) {
    if (lower(coded->second) != "chunked") throw no_http("a transfer coding that was not asked for");
    ends_ = Ends::chunked;
  } else if (counted != headers_.end()) {
    const auto size = number(counted->second, 10);
    if (!size) throw no_http("its length");
    left_ = *size;
    over_ = left_ == 0;
  } else {
    ends_ = Ends::closed;
  }
}

void HttpAnswer::next_chunk(const StopToken& stop) {
  head_ = 0;
  if (!std::exchange(first_chunk_, false) && !line(stop).empty()) throw no_http("a chunk without an end");
  const std::string said = line(stop);
  const auto size = number(trimmed(said.substr(0, said.find(';'))), 16);
  if (!size) throw no_http("a chunk without its size");
  left_ = *size;
  if (left_ > 0) return;
  while (!line(stop).empty()) {
  }
  over_ = true;
}

std::size_t HttpAnswer::read(std::span<char> into, const StopToken& stop) {
  if (!over_ && ends_ == Ends::chunked && left_ == 0) next_chunk(stop);
  if (over_ || into.empty()) return 0;
  if (ends_ != Ends::closed) into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_)));
  std::size_t got = std::min(into.size(), come_.size() - at_);
  if (got > 0) {
    std::memcpy(into.data(), come_.data() + at_, got);
    at_ += got;
  } else {
    got = from_.receive(into, stop);
  }
  if (got == 0 && ends_ != Ends::closed)
    throw Error(ErrorKind::unavailable, "the answer was cut: " + std::to_string(left_) + " bytes are missing");
  if (ends_ != Ends::closed) left_ -= got;
  over_ = ends_ == Ends::closed ? got == 0 : ends_ == Ends::counted && left_ == 0;
  return got;
}

std::string HttpAnswer::text(std::size_t most, const StopToken& stop) {
  std::string all;
  while (all.size() < most) {
    std::string piece(std::min(most - all.size(), kAtOnce), '\0');
    piece.resize(read(piece, stop));
    if (piece.empty()) break;
    all += piece;
  }
  return all;
}

}  // namespace ms2m::node
