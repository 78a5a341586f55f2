// Who is calling: a client certificate, a bearer token, or nobody.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "call.hpp"

namespace ms2m::lab {

class Authenticator {
 public:
  // Kubernetes' static token file: token,user,uid,"group1,group2". Throws std::runtime_error when it is unreadable.
  void load_tokens(const std::string& file);

  // A token for a service account, valid as long as this process lives (the TokenRequest API).
  std::string issue_service_account_token(const std::string& space, const std::string& name, const std::string& uid);

  // Throws ApiError 401 for a bad token or an untrusted certificate; without either, system:anonymous.
  User identify(const Call& call) const;
  std::optional<User> by_token(const std::string& token) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, User> tokens_;
};

}  // namespace ms2m::lab
