#include "authn.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "values.hpp"

namespace ms2m::lab {

namespace {
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

void add_group(User& user, const std::string& group) {
  if (std::ranges::find(user.groups, group) == user.groups.end()) user.groups.push_back(group);
}

std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char letter : line) {
    if (letter == '"')
      quoted = !quoted;
    else if (letter == ',' && !quoted)
      fields.emplace_back();
    else if (letter != '\r')
      fields.back() += letter;
  }
  return fields;
}
}  // namespace

void Authenticator::load_tokens(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read the token file " + file);
  const std::lock_guard lock(mutex_);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> fields = csv_fields(line);
    if (fields.size() < 3 || fields[0].empty()) continue;
    User user{fields[1], fields[2], {}};
    if (fields.size() > 3) user.groups = split(fields[3], ',');
    add_group(user, "system:authenticated");
    tokens_[fields[0]] = std::move(user);
  }
}

std::string Authenticator::issue_service_account_token(const std::string& space, const std::string& name,
                                                       const std::string& uid) {
  User user{"system:serviceaccount:" + space + ":" + name,
            uid,
            {"system:serviceaccounts", "system:serviceaccounts:" + space, "system:authenticated"}};
  const std::string token = "lab." + random_suffix(40);
  const std::lock_guard lock(mutex_);
  tokens_[token] = std::move(user);
  return token;
}

std::optional<User> Authenticator::by_token(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  auto found = tokens_.find(token);
  if (found == tokens_.end()) return std::nullopt;
  return found->second;
}

User Authenticator::identify(const Call& call) const {
  if (call.certificate.presented) {
    if (!call.certificate.trusted) throw unauthorized();
    User user{call.certificate.common_name, "", call.certificate.organizations};
    add_group(user, "system:authenticated");
    return user;
  }
  if (call.authorization.starts_with("Bearer ")) {
    if (auto user = by_token(call.authorization.substr(7))) return *user;
    throw unauthorized();
  }
  return {"system:anonymous", "", {"system:unauthenticated"}};
}

}  // namespace ms2m::lab
