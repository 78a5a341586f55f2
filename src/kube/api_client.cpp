#include "kube/api_client.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/url_encode.hpp"
#include "kube/status.hpp"
#include "ms2m/remedy.hpp"

namespace ms2m {
namespace {

RetryRule rule_of(const ApiCall& call) { return {call.method == "GET", call.idempotent}; }

void add_impersonation(const KubeAccess& access, HttpRequest& request) {
  if (access.as.empty()) return;
  request.headers.emplace_back("Impersonate-User", access.as);
  if (!access.as_uid.empty()) request.headers.emplace_back("Impersonate-Uid", access.as_uid);
  for (const auto& group : access.as_groups) request.headers.emplace_back("Impersonate-Group", group);
  for (const auto& [key, value] : access.as_extra)
    request.headers.emplace_back("Impersonate-Extra-" + url_encode(key), value);
}

void explain(TransportError& error, const KubeAccess& access) {
  if (error.kind() == ErrorKind::forbidden)
    error.with_remedy(
        "the server's certificate is not the one that the kubeconfig trusts: check certificate-authority and "
        "tls-server-name");
  if (error.kind() == ErrorKind::unavailable)
    error.with_remedy("is the server reachable from here? " +
                      remedy::command(remedy::Command::show_cluster, place_of(access)));
}

}  // namespace

double random_share() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

ApiClient::ApiClient(KubeAccess access, std::shared_ptr<Credentials> credentials)
    : access_(std::move(access)), credentials_(std::move(credentials)) {}

HttpOptions ApiClient::options_of(const Credentials::Current& current) const {
  HttpOptions options;
  options.tls = access_.tls;
  options.tls.certificate = current.certificate;
  options.tls.key = current.key;
  options.proxy = access_.proxy;
  options.user = access_.username;
  options.password = access_.password;
  return options;
}

std::shared_ptr<HttpClient> ApiClient::client_for(const Credentials::Current& current) {
  HttpOptions options = options_of(current);
  const std::lock_guard lock(mutex_);
  if (!client_ || options.tls != client_tls_) {  // connections are bound to the certificate that they were made with
    client_tls_ = options.tls;
    client_ = std::make_shared<HttpClient>(std::move(options));
  }
  return client_;
}

HttpRequest ApiClient::request_of(const ApiCall& call, const std::string& token) const {
  HttpRequest request{call.method, access_.server + call.path, {{"Accept", "application/json"}}, call.body, false,
                      false};
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", call.content_type);
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  request.headers.insert(request.headers.end(), call.headers.begin(), call.headers.end());
  add_impersonation(access_, request);
  return request;
}

HttpResponse ApiClient::attempt(const ApiCall& call, Mode mode, const HttpClient::ChunkFn* on_chunk,
                                const StopToken& stop) {
  for (bool renewed = false;; renewed = true) {
    const Credentials::Current current = credentials_->get(stop);
    HttpRequest request = request_of(call, current.token);
    // Anything that may not be done twice: libcurl would send it again when a kept connection dies under it.
    request.at_most_once = mode == Mode::once || !call.idempotent;
    request.new_connection = mode == Mode::once;
    const auto client = client_for(current);
    HttpResponse answer =
        mode == Mode::stream ? client->stream(request, *on_chunk, stop) : client->request(request, stop);
    if (answer.status != 401 || renewed || !credentials_->refused(current.generation)) return answer;
  }
}

HttpResponse ApiClient::limited_attempt(const ApiCall& call, const StopToken& stop) {
  const StopToken limited = stop.within(access_.request_limit);
  try {
    return attempt(call, Mode::normal, nullptr, limited);
  } catch (const TransportError&) {
    throw;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) == Millis{0}) throw;
    throw TransportError(
        ErrorKind::unavailable,
        fmt::format("{} {}: no answer for {} s", call.method, printable_url(access_.server + call.path),
                    std::chrono::duration<double>(access_.request_limit).count()),
        true);
  }
}

ApiAnswer ApiClient::call(const ApiCall& call, const StopToken& stop) {
  ApiAnswer answer;
  for (int repeats = 0;; ++repeats) {
    std::optional<Millis> wait;
    std::string reason;
    try {
      answer.http = limited_attempt(call, stop);
      wait = retry_after_answer(rule_of(call), answer.http, repeats, random_share());
      if (!wait) return answer;
      reason = message_of(answer.http);
    } catch (TransportError& e) {
      answer.sent_before = answer.sent_before || e.sent();
      wait = retry_after_failure(rule_of(call), e, repeats, random_share());
      if (!wait) {
        explain(e, access_);
        throw;
      }
      reason = e.message();
    }
    stop.sleep(*wait, fmt::format("repeating {} {}, last answer: {}", call.method,
                                  printable_url(access_.server + call.path), reason));
  }
}

HttpResponse ApiClient::call_once(const ApiCall& call, const StopToken& stop) {
  return attempt(call, Mode::once, nullptr, stop);
}

std::optional<HttpResponse> ApiClient::knock(const std::string& path, const StopToken& stop) {
  const Credentials::Current current = credentials_->at_hand();
  ApiCall call;
  call.path = path;
  HttpRequest request = request_of(call, current.token);
  request.at_most_once = true;
  try {
    return HttpClient(options_of(current)).request(request, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::timeout) throw;
    return std::nullopt;
  }
}

HttpResponse ApiClient::stream(const ApiCall& call, const HttpClient::ChunkFn& on_chunk, const StopToken& stop) {
  return attempt(call, Mode::stream, &on_chunk, stop);
}

}  // namespace ms2m
