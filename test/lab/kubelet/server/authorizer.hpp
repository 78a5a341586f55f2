#pragma once
#include <openssl/ssl.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/client.hpp"
#include "base/clock.hpp"

namespace kubelet {

struct Identity {
  std::string user;
  std::vector<std::string> groups;
  std::string uid;
};

// Who is it and may they: client certificates of the cluster's CA, bearer tokens by TokenReview, rights by
// SubjectAccessReview; answers of the API are kept for 10 s (yes) or 5 s (no), as by the real kubelet's defaults.
class Authorizer {
 public:
  Authorizer(ApiClient& api, std::string node) : api_(api), node_(std::move(node)) {}
  std::optional<Identity> identify(const SSL* connection, const std::string& authorization);
  bool allowed(const Identity& who, const std::string& verb, const std::string& subresource);

 private:
  std::optional<Identity> review_token(const std::string& token);
  ApiClient& api_;
  std::string node_;
  std::mutex mutex_;
  struct Answer {
    bool allowed;
    SteadyTime until;
  };
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::pair<std::optional<Identity>, SteadyTime>> tokens_;
};

}  // namespace kubelet
