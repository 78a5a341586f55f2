#include "kube/credentials.hpp"

#include <fstream>
#include <sstream>
#include <utility>

#include "kube/id_token.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kRenewBefore{10};

/// Service account tokens are rotated in their file. "" when it cannot be read.
std::string read_token(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::string token = text.str();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  return token;
}

void take(const ExecCredential& made, Credentials::Current& current) {
  current.token = made.token;
  if (made.certificate.empty()) return;
  current.certificate = Pem{{}, made.certificate};
  current.key = Pem{{}, made.key};
}

}  // namespace

Credentials::Credentials(KubeAccess access, RunProcess run)
    : access_(std::move(access)), run_(std::move(run)), id_token_(access_.id_token) {}

Credentials::Current Credentials::given() const {
  Current current{access_.token, access_.tls.certificate, access_.tls.key, 0};
  if (!access_.token_file.empty())
    if (std::string token = read_token(access_.token_file); !token.empty()) current.token = std::move(token);
  return current;
}

Credentials::Current Credentials::get(const StopToken& stop) {
  Current current = given();
  if (id_token_ && current.token.empty() && access_.username.empty()) {
    const std::lock_guard lock(mutex_);
    current.token = valid_id_token(*id_token_);
    return current;
  }
  // As in client-go: a plugin is asked only when there is nothing else.
  if (!access_.exec || !current.token.empty() || !access_.username.empty()) return current;

  const std::lock_guard lock(mutex_);
  if (made_ && made_->expires && *made_->expires - kRenewBefore <= std::chrono::system_clock::now()) made_.reset();
  if (!made_) {
    made_ = run_exec_plugin(access_, run_, can_ask(), stop);
    ++generation_;
  }
  take(*made_, current);
  current.generation = generation_;
  return current;
}

Credentials::Current Credentials::at_hand() {
  Current current = given();
  const std::unique_lock lock(mutex_, std::try_to_lock);  // a plugin may run
  if (!lock || !current.token.empty() || !access_.username.empty()) return current;
  if (id_token_) {
    try {
      current.token = valid_id_token(*id_token_);
    } catch (const Error&) {  // then without
    }
  } else if (made_) {
    take(*made_, current);
  }
  return current;
}

bool Credentials::refused(std::uint64_t used) {
  const std::lock_guard lock(mutex_);
  if (access_.exec && used != 0) {
    if (used == generation_) made_.reset();
    return true;
  }
  return !access_.token_file.empty();
}

}  // namespace ms2m
