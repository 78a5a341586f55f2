#include "wrap/tls/identity.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <array>

#include "wrap/tls/keys.hpp"

namespace ms2m::tls {
namespace {

/// Nobody looks at the time but who checks certificates by it; nodes' clocks may differ.
constexpr long kDay = 24L * 3600;

Certificate sign_own(const Key& key) {
  Certificate certificate(::X509_new());
  require(certificate != nullptr, "a certificate");
  std::array<unsigned char, 16> serial{};
  require(::RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "random bytes");
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Free<&::BN_free>> number(
      ::BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  X509* const x = certificate.get();
  X509_NAME* const name = ::X509_get_subject_name(x);
  const bool made = number && ::X509_set_version(x, 2) == 1 &&
                    ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(x)) != nullptr &&
                    ::X509_gmtime_adj(::X509_getm_notBefore(x), -kDay) != nullptr &&
                    ::X509_gmtime_adj(::X509_getm_notAfter(x), kDay) != nullptr &&
                    ::X509_set_pubkey(x, key.get()) == 1 &&
                    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                 reinterpret_cast<const unsigned char*>("ms2m"), -1, -1, 0) == 1 &&
                    ::X509_set_issuer_name(x, name) == 1 && ::X509_sign(x, key.get(), ::EVP_sha256()) > 0;
  require(made, "a certificate");
  return certificate;
}

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
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

Identity::Identity() : keys_(std::make_unique<Keys>()) {
  keys_->key.reset(::EVP_EC_gen("P-256"));
  require(keys_->key != nullptr, "a key");
  keys_->certificate = sign_own(keys_->key);
  fingerprint_ = fingerprint_of(keys_->certificate.get());
}
Identity::~Identity() = default;
Identity::Identity(Identity&&) noexcept = default;
Identity& Identity::operator=(Identity&&) noexcept = default;

}  // namespace ms2m::tls
