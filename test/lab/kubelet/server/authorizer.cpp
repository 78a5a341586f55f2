#include "server/authorizer.hpp"

#include <openssl/x509.h>

#include <memory>

namespace kubelet {
namespace {

std::vector<std::string> entries(X509_NAME* subject, int nid) {
  std::vector<std::string> out;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, nid, at)) >= 0;) {
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                     static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  return out;
}

std::optional<Identity> of_certificate(const SSL* connection) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(connection), &X509_free);
  // The handshake lets every certificate in; one that does not verify is nobody.
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return std::nullopt;
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const auto names = entries(subject, NID_commonName);
  if (names.empty()) return std::nullopt;
  Identity who{names.front(), entries(subject, NID_organizationName), ""};
  who.groups.push_back("system:authenticated");
  return who;
}

}  // namespace

std::optional<Identity> Authorizer::identify(const SSL* connection, const std::string& authorization) {
  if (connection != nullptr) {
    if (auto who = of_certificate(connection)) return who;
  }
  if (!authorization.starts_with("Bearer ")) return std::nullopt;
  const std::string token = authorization.substr(7);
  {
    const std::lock_guard lock(mutex_);
    const auto known = tokens_.find(token);
    if (known != tokens_.end() && known->second.second > steady_now()) return known->second.first;
  }
  auto who = review_token(token);
  const std::lock_guard lock(mutex_);
  if (tokens_.size() > 256) tokens_.clear();
  tokens_[token] = {who, steady_now() + std::chrono::seconds(who ? 10 : 1)};
  return who;
}

std::optional<Identity> Authorizer::review_token(const std::string& token) {
  const Json review = {
      {"kind", "TokenReview"}, {"apiVersion", "authentication.k8s.io/v1"}, {"spec", {{"token", token}}}};
  const ApiReply reply = api_.post("/apis/authentication.k8s.io/v1/tokenreviews", review);
  const Json answer = reply.json();
  const Json& status = at_or_null(answer, "status");
  if (!reply.ok() || !bool_at(status, "authenticated", false)) return std::nullopt;
  const Json& user = at_or_null(status, "user");
  Identity who{string_at(user, "username"), {}, string_at(user, "uid")};
  for (const Json& group : list_at(user, "groups")) who.groups.push_back(group.get<std::string>());
  return who;
}

bool Authorizer::allowed(const Identity& who, const std::string& verb, const std::string& subresource) {
  std::string key = who.user + "|" + verb + "|" + subresource;
  for (const auto& group : who.groups) key += "|" + group;
  {
    const std::lock_guard lock(mutex_);
    const auto known = answers_.find(key);
    if (known != answers_.end() && known->second.until > steady_now()) return known->second.allowed;
  }
  const Json review = {
      {"kind", "SubjectAccessReview"},
      {"apiVersion", "authorization.k8s.io/v1"},
      {"spec",
       {{"user", who.user},
        {"groups", who.groups},
        {"uid", who.uid},
        {"resourceAttributes",
         {{"verb", verb}, {"version", "v1"}, {"resource", "nodes"}, {"subresource", subresource}, {"name", node_}}}}}};
  const ApiReply reply = api_.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
  const bool yes = reply.ok() && bool_at(at_or_null(reply.json(), "status"), "allowed", false);
  const std::lock_guard lock(mutex_);
  answers_[key] = {yes, steady_now() + std::chrono::seconds(yes ? 10 : 5)};
  return yes;
}

}  // namespace kubelet
