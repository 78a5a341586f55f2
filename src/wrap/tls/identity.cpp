#include "wrap/tls/identity.hpp"

#include <openssl/err.h>

#include <array>

#include "wrap/posix/sha256.hpp"
#include "wrap/tls/certificate.hpp"
#include "wrap/tls/keys.hpp"

namespace ms2m::tls {
namespace {

/// Nobody looks at the time but who checks certificates by it; nodes' clocks may differ.
constexpr long kDay = 24L * 3600;

}  // namespace

std::string last_reason() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? "" : reason;
}

void require(bool ok, const std::string& what) {
  if (ok) return;
  const std::string reason = last_reason();
  throw Error(ErrorKind::failed,
              what + " could not be made by the OpenSSL library" + (reason.empty() ? "" : ": " + reason));
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  require(::X509_digest(certificate, ::EVP_sha256(), digest.data(), &size) == 1, "a fingerprint");
  return posix::hex_of({digest.data(), size});
}

Identity::Identity() : keys_(std::make_unique<Keys>()) {
  keys_->key = make_key();
  keys_->certificate = make_certificate("ms2m", keys_->key, nullptr, {-kDay, kDay});
  sign(keys_->certificate, keys_->key);
  fingerprint_ = fingerprint_of(keys_->certificate.get());
}
Identity::~Identity() = default;
Identity::Identity(Identity&&) noexcept = default;
Identity& Identity::operator=(Identity&&) noexcept = default;

}  // namespace ms2m::tls
