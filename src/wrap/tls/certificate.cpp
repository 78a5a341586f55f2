#include "wrap/tls/certificate.hpp"

#include <openssl/rand.h>

#include <array>

namespace ms2m::tls {

Key make_key() {
  Key key(::EVP_EC_gen("P-256"));
  require(key != nullptr, "a key");
  return key;
}

Certificate make_certificate(const std::string& name, const Key& key, const X509* issuer, const Validity& validity) {
  Certificate certificate(::X509_new());
  require(certificate != nullptr, "a certificate");
  std::array<unsigned char, 16> serial{};
  require(::RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "random bytes");
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Free<&::BN_free>> number(
      ::BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  X509* const x = certificate.get();
  X509_NAME* const subject = ::X509_get_subject_name(x);
  const bool made =
      number && ::X509_set_version(x, X509_VERSION_3) == 1 &&
      ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(x)) != nullptr &&
      ::X509_gmtime_adj(::X509_getm_notBefore(x), validity.from) != nullptr &&
      ::X509_gmtime_adj(::X509_getm_notAfter(x), validity.until) != nullptr && ::X509_set_pubkey(x, key.get()) == 1 &&
      ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()),
                                   -1, -1, 0) == 1 &&
      ::X509_set_issuer_name(x, issuer == nullptr ? subject : ::X509_get_subject_name(issuer)) == 1;
  require(made, "a certificate");
  return certificate;
}

void sign(const Certificate& certificate, const Key& key) {
  require(::X509_sign(certificate.get(), key.get(), ::EVP_sha256()) > 0, "a signature");
}

}  // namespace ms2m::tls
