#include "agent/keys.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "ms2m/error.hpp"

namespace ms2m::agent {
namespace {

constexpr long kYears = 10, kDay = 24 * 60 * 60, kEarlier = 60 * 60;  // clocks differ

template <auto release>
struct Free {
  template <typename T>
  void operator()(T* it) const noexcept {
    release(it);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Memory = std::unique_ptr<BIO, Free<&BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<&X509_EXTENSION_free>>;

void check(bool good, const char* what) {
  if (!good) throw Error(ErrorKind::failed, std::string("OpenSSL does not ") + what);
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "make a key");
  return key;
}

void add(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "add to a certificate");
}

/// Without extensions and unsigned. `issuer` is itself where it is null.
Certificate make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer) {
  Certificate made(X509_new());
  std::array<unsigned char, 16> serial{};
  check(made && RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "make a certificate");
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Free<&BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())) != nullptr,
        "number a certificate");
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kEarlier);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kYears * 365 * kDay);
  X509_NAME* subject = X509_get_subject_name(made.get());
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()),
                                   -1, -1, 0) == 1,
        "name a certificate");
  X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
  check(X509_set_pubkey(made.get(), key) == 1, "put a key into a certificate");
  return made;
}

template <typename Write>
std::string pem(const Write& write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  check(memory && write(memory.get()) == 1, "print a key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string make_token() {
  std::array<unsigned char, 32> bytes{};
  check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "give random numbers");
  std::string token;
  for (const unsigned char byte : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    token += kDigits[byte >> 4];
    token += kDigits[byte & 15];
  }
  return token;
}

}  // namespace

Keys make_keys(const std::string& host) {
  const Key authority_key = make_key(), key = make_key();
  const Certificate authority = make_certificate(host + "-ca", authority_key.get(), nullptr);
  add(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign");
  add(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  check(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");
  const Certificate own = make_certificate(host, key.get(), authority.get());
  add(own.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add(own.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add(own.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add(own.get(), authority.get(), NID_subject_alt_name, "DNS:" + host);
  add(own.get(), authority.get(), NID_authority_key_identifier, "keyid");
  check(X509_sign(own.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");
  return {pem([&](BIO* to) { return PEM_write_bio_X509(to, authority.get()); }),
          pem([&](BIO* to) { return PEM_write_bio_X509(to, own.get()); }),
          pem([&](BIO* to) { return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }),
          make_token()};
}

}  // namespace ms2m::agent
