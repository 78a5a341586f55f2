#include "carry/registry_client.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/url_encode.hpp"
#include "carry/registry_answers.hpp"
#include "ms2m/error.hpp"
#include "node/runtime/oci_layout.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m {
namespace {

using node::RegistryAnswer;

constexpr int kMostLinks = 4;            // from one place to the next, for a blob
constexpr const char* kEveryRight = "";  // that a password has

std::string header(const RegistryAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

std::string basic(const RegistryLogin& login) { return "Basic " + base64_encode(login.user + ":" + login.password); }

}  // namespace

Error RegistryClient::error(const RegistryAnswer& answer, const std::string& doing) const {
  const std::string text = "registry " + place_.shown() + ": " + doing + ": " + said(answer);
  if (answer.status == 401 || answer.status == 403)
    return Error(ErrorKind::forbidden, text,
                 "log in as who may push, pull and delete there: skopeo login " + place_.host);
  return Error(answer.status == 404 || answer.status == 405 ? ErrorKind::refused : ErrorKind::failed, text);
}

RegistryAnswer RegistryClient::ask_node(const RegistryAsker& by, node::RegistryExchange request,
                                        const StopToken& stop) {
  try {
    return nodes_.ask_in(by.session, by.node, request, "asking registry " + place_.host, stop);
  } catch (const Error& failure) {
    stop.check("asking registry " + place_.host);
    if (failure.kind() == ErrorKind::forbidden)
      throw Error(ErrorKind::forbidden,
                  "node " + by.node + " does not trust registry " + place_.host + ": " + failure.message(),
                  "name the certificates that it is trusted by with --registry-ca, or let the nodes trust them");
    if (failure.kind() != ErrorKind::unavailable || !by.session.alive()) throw;
    throw Error(ErrorKind::unavailable,
                "node " + by.node + " does not reach registry " + place_.host + ": " + failure.message(),
                place_.at.tls ? "see that nodes reach it; a registry without TLS is named with http:// in front"
                              : "see that nodes reach it");
  }
}

RegistryAnswer RegistryClient::exchange(const RegistryAsker& by, const Call& call, const StopToken& stop) {
  const RegistryLink link = follow(place_.at, call.target);
  node::RegistryExchange request{link.at, call.method, link.target, call.headers, call.body, call.passage, call.sends};
  if (link.same_end) {
    const std::lock_guard lock(mutex_);
    for (const std::string& right : {std::string(kEveryRight), call.right})
      if (const auto known = authorization_.find(right); known != authorization_.end())
        request.headers["Authorization"] = known->second;
  }
  return ask_node(by, std::move(request), stop);
}

RegistryAnswer RegistryClient::ask(const RegistryAsker& by, const Call& call, const StopToken& stop) {
  RegistryAnswer answer = exchange(by, call, stop);
  if (answer.status != 401) return answer;
  log_in(by, answer, call.right, stop);
  return exchange(by, call, stop);
}

/// As `refused` asks for it.
void RegistryClient::log_in(const RegistryAsker& by, const RegistryAnswer& refused, const std::string& right,
                            const StopToken& stop) {
  const RegistryChallenge challenge = parse_challenge(header(refused, "www-authenticate"));
  const auto known = logins_.find(place_, stop);
  std::string how, what = right;
  if (challenge.bearer) {
    how = "Bearer " + token(by, challenge, known, stop);
  } else if (!known) {
    std::string files;
    for (const std::string& file : logins_.files()) files += (files.empty() ? "" : ", ") + file;
    throw Error(ErrorKind::forbidden,
                "registry " + place_.host + " wants a login, and there is none for it in " + files,
                "log in: skopeo login " + place_.host);
  } else {
    how = basic(*known);
    what = kEveryRight;
  }
  const std::lock_guard lock(mutex_);
  authorization_[what] = how;
}

std::string RegistryClient::token(const RegistryAsker& by, const RegistryChallenge& challenge,
                                  const std::optional<RegistryLogin>& login, const StopToken& stop) {
  const RegistryLink link = follow(place_.at, challenge.realm);
  std::string query;
  for (const auto& [key, value] : {std::pair{"service", challenge.service}, std::pair{"scope", challenge.scope}})
    if (!value.empty()) query += (query.empty() ? "" : "&") + std::string(key) + "=" + url_encode(value);
  node::RegistryExchange request{link.at, "GET", link.target, {}, "", "", false};
  request.target += (request.target.find('?') == std::string::npos ? "?" : "&") + query;
  if (login) request.headers["Authorization"] = basic(*login);
  const RegistryAnswer answer = ask_node(by, std::move(request), stop);
  if (answer.status != 200) throw error(answer, "a token");
  if (auto made = token_in(answer.body)) return std::move(*made);
  throw Error(ErrorKind::protocol, "registry " + place_.host + " has a token made that is none");
}

RegistryClient::Upload RegistryClient::upload_of(const RegistryAnswer& answer) const {
  const std::string location = header(answer, "location");
  if (answer.status >= 300 || location.empty()) throw error(answer, "an upload");
  return location;
}

RegistryClient::Upload RegistryClient::begin(const RegistryAsker& by, const StopToken& stop) {
  return upload_of(ask(by, {"POST", path("blobs/uploads/"), "push"}, stop));
}

void RegistryClient::open(const RegistryAsker& by, const Upload& upload, const std::string& passage,
                          const StopToken& stop) {
  // Nothing can be repeated of it: that it may is known since it was begun.
  exchange(by, {"PATCH", upload, "push", {{"Content-Type", "application/octet-stream"}}, "", passage, true}, stop);
}

RegistryClient::Upload RegistryClient::sent(const RegistryAsker& by, const std::string& passage,
                                            const StopToken& stop) {
  return upload_of(nodes_.ask_in(by.session, by.node, node::RegistrySent{passage}, "ending an upload", stop));
}

void RegistryClient::commit(const RegistryAsker& by, const Upload& upload, const std::string& digest,
                            const std::string& body, const StopToken& stop) {
  const std::string target =
      upload + (upload.find('?') == std::string::npos ? "?" : "&") + "digest=" + url_encode("sha256:" + digest);
  const auto answer = ask(by, {"PUT", target, "push", {{"Content-Type", "application/octet-stream"}}, body}, stop);
  if (answer.status != 201) throw error(answer, "a blob");
}

void RegistryClient::cancel(const RegistryAsker& by, const Upload& upload, const StopToken& stop) {
  ask(by, {"DELETE", upload, "push"}, stop);
}

void RegistryClient::put_manifest(const RegistryAsker& by, const std::string& tag, const std::string& manifest,
                                  const StopToken& stop) {
  const auto answer =
      ask(by, {"PUT", path("manifests/" + tag), "push", {{"Content-Type", node::kManifestType}}, manifest}, stop);
  if (answer.status != 201) throw error(answer, "a manifest");
}

std::optional<std::string> RegistryClient::manifest(const RegistryAsker& by, const std::string& reference,
                                                    const StopToken& stop) {
  auto answer = ask(by, {"GET", path("manifests/" + reference), "pull", {{"Accept", node::kManifestType}}}, stop);
  if (answer.status == 404) return std::nullopt;
  if (answer.status != 200) throw error(answer, "reading a manifest");
  return std::move(answer.body);
}

void RegistryClient::fetch(const RegistryAsker& by, const std::string& digest, const std::string& passage,
                           const StopToken& stop) {
  Call call{"GET", path("blobs/sha256:" + digest), "pull", {}, "", passage};
  for (int links = 0;; ++links) {
    const auto answer = ask(by, call, stop);
    if (answer.status == 200) return;
    const std::string location = header(answer, "location");
    if (answer.status < 300 || answer.status > 308 || location.empty() || links == kMostLinks)
      throw error(answer, "reading a blob");
    call.target = location;
  }
}

RegistryClient::Deleted RegistryClient::remove(const RegistryAsker& by, What what, const std::string& digest,
                                               const StopToken& stop) {
  const std::string kind = what == What::manifest ? "manifests" : "blobs";
  const auto answer = ask(by, {"DELETE", path(kind + "/sha256:" + digest), "delete"}, stop);
  if (answer.status == 200 || answer.status == 202 || answer.status == 204) return Deleted::yes;
  if (answer.status == 404) return Deleted::not_there;
  if (answer.status == 405 || answer.status == 401 || answer.status == 403 || answer.status == 400)
    return Deleted::never;
  throw error(answer, "deleting");
}

}  // namespace ms2m
