#include "node/program/registry.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <sstream>
#include <vector>

#include "ms2m/error.hpp"
#include "node/program/http.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/tool.hpp"
#include "wrap/tls/connection.hpp"
#include "wrap/tls/plain.hpp"
#include "wrap/tls/tcp.hpp"

namespace ms2m::node {
namespace {

using Answers = RegistryExchanges::Answers;

constexpr Millis kConnecting{5000}, kLookingUp{5000};
constexpr Millis kLastWords{2000};  // for why a registry does not take what is sent
constexpr Millis kChunk{20'000};    // of 64 KiB; nobody waits for the end of one that is given up

std::uint16_t port_of(const RegistryEnd& at) {
  if (at.port == 0 || at.port > std::numeric_limits<std::uint16_t>::max())
    throw Error(ErrorKind::usage, std::to_string(at.port) + " is no port");
  return static_cast<std::uint16_t>(at.port);
}

/// By the node's own means: its C library, and whatever that asks. This program is linked without one.
std::vector<std::string> addresses_of(const std::string& host, const StopToken& stop) {
  if (tls::is_address(host)) return {host};
  if (host.empty() || host.front() == '-') throw Error(ErrorKind::usage, "'" + host + "' is no host");
  const auto found = run_tool({"getent", "ahosts", host}, stop.within(kLookingUp));
  if (!found) throw Error(ErrorKind::unavailable, "there is no getent here to look " + host + " up with");
  std::vector<std::string> all;
  std::istringstream lines(found->out);
  for (std::string line; std::getline(lines, line);) {
    const std::string address = line.substr(0, line.find(' '));
    if (tls::is_address(address) && (all.empty() || all.back() != address)) all.push_back(address);
  }
  if (all.empty()) throw Error(ErrorKind::unavailable, "the host " + host + " is not known here");
  return all;
}

std::unique_ptr<tls::Stream> connect(const RegistryEnd& at, const StopToken& stop) {
  std::string why;
  for (const std::string& address : addresses_of(at.host, stop)) {
    const std::string end = tls::end_text(address, port_of(at));
    try {
      auto socket = tls::connect_to(address, port_of(at), kConnecting, stop);
      if (!at.tls) return std::make_unique<tls::Plain>(std::move(socket));
      auto connection = std::make_unique<tls::Connection>(std::move(socket), tls::Authority{at.host, at.certificates});
      connection->shake_hands(stop.within(kConnecting));
      return connection;
    } catch (const Error& error) {
      stop.check("connecting to " + end);
      if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::timeout)
        throw Error(error.kind(), end + ": " + error.message());
      why += (why.empty() ? "" : "; ") +
             (error.message().find(end) == std::string::npos ? end + ": " + error.message() : error.message());
    }
  }
  throw Error(ErrorKind::unavailable, why);
}

RegistryAnswer told(HttpAnswer& answer, const StopToken& stop) {
  RegistryAnswer said{answer.status(), answer.headers(), ""};
  said.body = answer.text(kMostBody, stop);
  return said;
}

/// Without a passage.
RegistryAnswer ask_once(const RegistryExchange& request, const StopToken& stop) {
  const auto connection = connect(request.at, stop);
  connection->send(print_request(request, request.body.size()) + request.body, stop);
  HttpAnswer answer(*connection);
  answer.read_head(request.method == "HEAD", stop);
  return told(answer, stop);
}

/// What is sent is the body of a request, in chunks; its end is the answer, which is kept.
class Upload final : public tls::Stream {
 public:
  Upload(std::unique_ptr<tls::Stream> to, RegistryExchange request, std::shared_ptr<Answers> answers)
      : to_(std::move(to)), request_(std::move(request)), answers_(std::move(answers)) {}

  void send(std::string_view bytes, const StopToken& stop) override {
    if (stop.stop_requested()) throw Cancelled();
    if (bytes.empty()) return;
    std::array<char, 20> size{};
    char* const end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    const std::string chunk = std::string(size.data(), end) + "\r\n" + std::string(bytes) + "\r\n";
    try {
      to_->send(chunk, StopToken().within(kChunk));  // half a chunk could not be ended
    } catch (const Error& error) {
      over_ = true;
      if (error.kind() == ErrorKind::unavailable) hear_why();
      throw;
    }
  }
  std::size_t receive(std::span<char>, const StopToken&) override { return 0; }
  void end(const StopToken& stop) override {
    over_ = true;
    to_->send("0\r\n\r\n", stop);
    if (hear(stop).status >= 300) throw Error(ErrorKind::failed, "the registry does not take it");
  }
  void break_off(const StopToken& stop) override {
    if (std::exchange(over_, true)) return;
    to_->send("0\r\n\r\n", stop);
    const RegistryAnswer said = hear(stop);
    const auto location = said.headers.find("location");
    if (said.status >= 300 || location == said.headers.end()) return;
    request_.method = "DELETE";
    request_.target = target_of(location->second);
    request_.headers.erase("Content-Type");
    ask_once(request_, stop);
  }

 private:
  /// Of an upload's next place, which is where it was.
  static std::string target_of(const std::string& location) {
    const auto host = location.find("://");
    return host == std::string::npos ? location
                                     : location.substr(std::min(location.find('/', host + 3), location.size()));
  }
  RegistryAnswer hear(const StopToken& stop) {
    HttpAnswer answer(*to_);
    answer.read_head(false, stop);
    RegistryAnswer said = told(answer, stop);
    const std::lock_guard lock(answers_->mutex);
    answers_->all[request_.passage] = said;
    return said;
  }
  /// It may have said so before it closed the connection.
  void hear_why() {
    try {
      hear(StopToken().within(kLastWords));
    } catch (const Error&) {
    }
  }
  const std::unique_ptr<tls::Stream> to_;
  RegistryExchange request_;
  const std::shared_ptr<Answers> answers_;
  bool over_ = false;
};

/// What comes is the body of an answer whose head has come.
class Download final : public tls::Stream {
 public:
  explicit Download(std::unique_ptr<tls::Stream> from) : from_(std::move(from)), answer_(*from_) {}
  HttpAnswer& answer() { return answer_; }
  void send(std::string_view, const StopToken&) override {
    throw Error(ErrorKind::protocol, "nothing is sent through a passage from a registry");
  }
  std::size_t receive(std::span<char> into, const StopToken& stop) override { return answer_.read(into, stop); }
  void end(const StopToken&) override {}

 private:
  const std::unique_ptr<tls::Stream> from_;
  HttpAnswer answer_;
};

}  // namespace

RegistryAnswer RegistryExchanges::exchange(const RegistryExchange& request, Passages& passages, const StopToken& stop) {
  const StopToken limit = stop.within(kRegistryPatience);
  try {
    if (request.passage.empty()) return ask_once(request, limit);
    check_restore_id(request.passage);
    return request.sends ? open_upload(request, passages, limit) : open_download(request, passages, limit);
  } catch (const Error& error) {
    stop.check("asking the registry " + request.at.host);
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::unavailable, "no answer within " + std::to_string(kRegistryPatience.count() / 1000) + " s");
  }
}

RegistryAnswer RegistryExchanges::open_upload(const RegistryExchange& request, Passages& passages,
                                              const StopToken& stop) {
  const std::string head = print_request(request, std::nullopt);
  auto connection = connect(request.at, stop);
  connection->send(head, stop);
  {
    const std::lock_guard lock(answers_->mutex);
    answers_->all.erase(request.passage);
  }
  passages.keep(request.passage, std::make_unique<Upload>(std::move(connection), request, answers_));
  return {};
}

RegistryAnswer RegistryExchanges::open_download(const RegistryExchange& request, Passages& passages,
                                                const StopToken& stop) {
  const std::string head = print_request(request, request.body.size());
  auto connection = connect(request.at, stop);
  connection->send(head + request.body, stop);
  auto download = std::make_unique<Download>(std::move(connection));
  HttpAnswer& answer = download->answer();
  answer.read_head(request.method == "HEAD", stop);
  if (answer.status() != 200) return told(answer, stop);
  RegistryAnswer said{answer.status(), answer.headers(), ""};
  passages.keep(request.passage, std::move(download));
  return said;
}

RegistryAnswer RegistryExchanges::sent(const RegistrySent& request) {
  const std::lock_guard lock(answers_->mutex);
  auto found = answers_->all.extract(request.passage);
  if (found.empty()) throw Error(ErrorKind::not_found, "nothing was answered to what went through " + request.passage);
  return std::move(found.mapped());
}

}  // namespace ms2m::node
