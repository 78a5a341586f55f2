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
constexpr Millis kLastWords{5000};  // for why a registry does not take what is sent

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

/// What is sent is the body of a request, in chunks; its end is the answer, which is kept.
class Upload final : public tls::Stream {
 public:
  Upload(std::unique_ptr<tls::Stream> to, std::string passage, std::shared_ptr<Answers> answers)
      : to_(std::move(to)), passage_(std::move(passage)), answers_(std::move(answers)) {}

  void send(std::string_view bytes, const StopToken& stop) override {
    if (bytes.empty()) return;
    try {
      std::array<char, 20> size{};
      char* const end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
      to_->send(std::string(size.data(), end) + "\r\n", stop);
      to_->send(bytes, stop);
      to_->send("\r\n", stop);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unavailable) hear_why(stop);
      throw;
    }
  }
  std::size_t receive(std::span<char>, const StopToken&) override { return 0; }
  void end(const StopToken& stop) override {
    to_->send("0\r\n\r\n", stop);
    const RegistryAnswer said = hear(stop);
    if (said.status >= 300) throw Error(ErrorKind::failed, "the registry does not take it");
  }

 private:
  RegistryAnswer hear(const StopToken& stop) {
    HttpAnswer answer(*to_);
    answer.read_head(false, stop);
    RegistryAnswer said = told(answer, stop);
    const std::lock_guard lock(answers_->mutex);
    answers_->all[passage_] = said;
    return said;
  }
  /// It may have said so before it closed the connection.
  void hear_why(const StopToken& stop) {
    try {
      hear(stop.within(kLastWords));
    } catch (const Error&) {
    }
  }
  const std::unique_ptr<tls::Stream> to_;
  const std::string passage_;
  const std::shared_ptr<Answers> answers_;
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
  if (!request.passage.empty()) check_restore_id(request.passage);
  const std::string head = print_request(request, request.sends ? std::nullopt : std::optional(request.body.size()));
  const StopToken limit = stop.within(kRegistryPatience);
  try {
    auto connection = connect(request.at, limit);
    connection->send(head, limit);
    if (request.sends) {
      const std::lock_guard lock(answers_->mutex);
      answers_->all.erase(request.passage);
      passages.keep(request.passage, std::make_unique<Upload>(std::move(connection), request.passage, answers_));
      return {};
    }
    connection->send(request.body, limit);
    auto download = std::make_unique<Download>(std::move(connection));
    HttpAnswer& answer = download->answer();
    answer.read_head(request.method == "HEAD", limit);
    if (request.passage.empty() || answer.status() != 200) return told(answer, limit);
    RegistryAnswer said{answer.status(), answer.headers(), ""};
    passages.keep(request.passage, std::move(download));
    return said;
  } catch (const Error& error) {
    stop.check("asking the registry " + request.at.host);
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::unavailable, "no answer within " + std::to_string(kRegistryPatience.count() / 1000) + " s");
  }
}

RegistryAnswer RegistryExchanges::sent(const RegistrySent& request) {
  const std::lock_guard lock(answers_->mutex);
  auto found = answers_->all.extract(request.passage);
  if (found.empty()) throw Error(ErrorKind::not_found, "nothing was answered to what went through " + request.passage);
  return std::move(found.mapped());
}

}  // namespace ms2m::node
